"""Releases: what is in one, when there is a new one, and that the bytes are always the same."""

import csv
import datetime as dt
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.support.catalogue import SCHEMA, make_dataset, ready
from vidkryto.catalogue import Dataset
from vidkryto.errors import StateError
from vidkryto.release import Release, Releases, build_release, load_release
from vidkryto.release.changes import Changes, ClosedRows, write_changes
from vidkryto.release.files import write_csv
from vidkryto.release.version import change_of_schema, next_version

DAY = dt.date(2026, 1, 1)
ROWS = [(2, "Ринок", 49.42, 26.98, DAY), (1, 'Зупинка "Вокзал", площа', 49.4, 27.0, None), (3, None, None, None, DAY)]
CREATED = "2026-11-23T10:00:00Z"


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make_dataset(tmp_path / "city")


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases")


def build(
    dataset: Dataset, releases: Releases, rows: list, *, schema: dict = SCHEMA, created: str = CREATED
) -> Release | None:
    return build_release(dataset, {"stops": ready(rows, schema)}, created=created, releases=releases)


def publish(dataset: Dataset, releases: Releases, rows: list, **options) -> Release:
    release = build(dataset, releases, rows, **options)
    assert release is not None
    releases.mark_published(release)
    return release


def test_a_release_holds_every_form_of_the_table_and_its_description(dataset: Dataset, releases: Releases) -> None:
    """CSV, Parquet, GeoJSON where there are coordinates, the validation report, the descriptor, checksums."""
    release = publish(dataset, releases, ROWS)
    assert [file.name for file in release.files] == [
        "stops.csv",
        "stops.parquet",
        "stops.geojson",
        "stops-validation.json",
        "stops-validation.html",
        "stops.csv-metadata.json",
        "datapackage.json",
    ]
    assert release.version == "1.0.0"
    sums = (release.folder / "SHA256SUMS").read_text().splitlines()
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256((release.folder / name).read_bytes()).hexdigest() == digest
    assert len(sums) == len(release.files)


def test_the_csv_is_sorted_by_key_and_reads_back_equal(dataset: Dataset, releases: Releases) -> None:
    """RFC 4180 with quotes where they are needed; an empty cell is nothing between commas."""
    release = publish(dataset, releases, ROWS)
    text = release.file("stops.csv").path.read_text(encoding="utf-8")
    assert text.splitlines()[1] == '1,"Зупинка ""Вокзал"", площа",49.4,27.0,'
    assert [row["uid"] for row in csv.DictReader(text.splitlines())] == ["1", "2", "3"]
    assert pq.read_table(release.file("stops.parquet").path).column("uid").to_pylist() == [1, 2, 3]


def test_carriage_returns_and_line_feeds_in_a_cell_come_back_as_they_were(tmp_path: Path) -> None:
    """Python's writer before 3.13 leaves a lone carriage return bare; ours quotes it."""
    cells = ["a\rb", "a\nb", "a\r\nb", " a,b ", 'say "so"', "", None, "\r"]
    write_csv(pa.table({"uid": [str(n) for n in range(8)], "label": cells}), tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_bytes()
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        assert [row[1] for row in csv.reader(stream)] == ["label", *(cell or "" for cell in cells)]
    assert content.endswith(b"\n")
    assert not content.endswith(b"\r\n")


def test_geojson_has_longitude_first_and_leaves_out_rows_without_a_place(dataset: Dataset, releases: Releases) -> None:
    """RFC 7946: positions are longitude, latitude."""
    document = json.loads(publish(dataset, releases, ROWS).file("stops.geojson").path.read_text())
    assert [feature["geometry"]["coordinates"] for feature in document["features"]] == [[27.0, 49.4], [26.98, 49.42]]
    assert document["features"][0]["properties"] == {"uid": "1", "label": 'Зупинка "Вокзал", площа', "opened": None}


def test_the_descriptor_names_every_file_with_its_hash(dataset: Dataset, releases: Releases) -> None:
    """datapackage.json is Data Package v2 and counts rows and bytes."""
    release = publish(dataset, releases, ROWS)
    descriptor = json.loads(release.file("datapackage.json").path.read_text())
    assert descriptor["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    table = descriptor["resources"][0]
    assert (table["name"], table["rows"], table["path"]) == ("stops", 3, "stops.csv")
    assert table["hash"] == "sha256:" + release.file("stops.csv").sha256
    assert table["schema"]["primaryKey"] == ["uid"]


def test_the_same_export_gives_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    """Two builds in two places are equal in every file, manifest included."""
    first, second = (publish(dataset, Releases(tmp_path / name), ROWS) for name in ("a", "b"))
    assert first.sha256 == second.sha256
    assert [file.sha256 for file in first.files] == [file.sha256 for file in second.files]


def test_a_shuffled_export_is_no_new_release(dataset: Dataset, releases: Releases) -> None:
    """With a key the order of rows means nothing."""
    publish(dataset, releases, ROWS)
    assert build(dataset, releases, ROWS[::-1], created="2026-12-01T10:00:00Z") is None


def test_changed_rows_are_a_minor_version_with_a_list_of_changes(dataset: Dataset, releases: Releases) -> None:
    """changes.csv says for each key whether the row was added, changed or removed."""
    publish(dataset, releases, ROWS)
    changed = [(1, "Вокзал", 49.4, 27.0, None), ROWS[0], (4, "Нова", 49.0, 27.0, DAY)]
    release = publish(dataset, releases, changed)
    assert (release.version, release.previous) == ("1.1.0", "1.0.0")
    lines = release.file("stops-changes.csv").path.read_text().splitlines()
    assert lines == ["change,uid", "added,4", "changed,1", "removed,3"]


def test_a_retyped_field_is_a_major_version(dataset: Dataset, releases: Releases) -> None:
    """Who reads the table would break."""
    publish(dataset, releases, ROWS)
    schema = {**SCHEMA, "fields": [{**SCHEMA["fields"][0], "type": "string"}, *SCHEMA["fields"][1:]]}
    assert publish(dataset, releases, [(str(row[0]), *row[1:]) for row in ROWS], schema=schema).version == "2.0.0"


def test_a_changed_label_is_a_patch(dataset: Dataset, releases: Releases) -> None:
    """The data dictionary on the portal changes, the data do not."""
    publish(dataset, releases, ROWS)
    schema = {**SCHEMA, "fields": [{**SCHEMA["fields"][0], "title": "Номер"}, *SCHEMA["fields"][1:]]}
    assert publish(dataset, releases, ROWS, schema=schema).version == "1.0.1"


def test_rows_without_a_key_are_compared_by_content(dataset: Dataset, releases: Releases, tmp_path: Path) -> None:
    """A row that stands twice and then once is one removal."""
    made = []
    for name, rows in (("a", [ROWS[0], ROWS[0], ROWS[1]]), ("b", [ROWS[0], ROWS[1], ROWS[2]])):
        other = Releases(tmp_path / name)
        release = build_release(dataset, {"stops": ready(rows, key=())}, created=CREATED, releases=other)
        assert release is not None
        made.append(release.tables[0])
    changes = write_changes(made[0], made[1], tmp_path / "changes.csv")
    assert (changes.added, changes.changed, changes.removed) == (1, 0, 1)


def test_a_list_of_changes_does_not_say_again_who_was_taken_out(
    dataset: Dataset, releases: Releases, tmp_path: Path
) -> None:
    """A person went out by mistake in a table without a key; the corrected release counts the row and is silent."""
    person = (5, "Коваленко Марія Іванівна, 067 123 45 67", 49.4, 27.0, DAY)
    made = []
    for name, rows in (("a", [*ROWS, person]), ("b", ROWS[:2])):
        release = build_release(
            dataset, {"stops": ready(rows, key=())}, created=CREATED, releases=Releases(tmp_path / name)
        )
        assert release is not None
        made.append(release.tables[0])
    changes = write_changes(*made, tmp_path / "changes.csv")
    assert changes.removed == 2
    assert (tmp_path / "changes.csv").read_text() == "change,uid,label,lat,lon,opened\nremoved,3,,,,2026-01-01\n"
    write_changes(*made, tmp_path / "decided.csv", public={"label"})
    assert "Коваленко" in (tmp_path / "decided.csv").read_text()


def test_a_row_that_an_act_closes_is_counted_and_not_listed(
    dataset: Dataset, releases: Releases, tmp_path: Path
) -> None:
    """By its key, by what the last release showed of it, and without a key no removed row at all."""
    made = {}
    for name, rows, key in (
        ("before", ROWS, ("uid",)),
        ("after", ROWS[:1], ("uid",)),
        ("content", ROWS, ()),
        ("less", ROWS[:1], ()),
    ):
        release = build_release(
            dataset, {"stops": ready(rows, key=key)}, created=CREATED, releases=Releases(tmp_path / name)
        )
        assert release is not None
        made[name] = release.tables[0]
    nothing = pa.array([False] * 2)

    def listed(names: tuple[str, str], denied: ClosedRows) -> tuple[str, Changes]:
        changes = write_changes(made[names[0]], made[names[1]], tmp_path / "changes.csv", denied=denied)
        return (tmp_path / "changes.csv").read_text(), changes

    keys = pa.table({"uid": ["1"]})
    text, changes = listed(("before", "after"), ClosedRows(1, keys, lambda rows: nothing[: rows.num_rows]))
    assert text == "change,uid\nremoved,3\n"
    assert (changes.removed, changes.hidden) == (2, 1)
    by_cells = ClosedRows(0, None, lambda rows: pc.equal(rows.column("uid"), "3"))
    assert listed(("before", "after"), by_cells)[0] == "change,uid\nremoved,1\n"
    text, changes = listed(("content", "less"), by_cells)
    assert "removed,1," in text
    assert "removed,3," not in text
    text, changes = listed(("content", "less"), ClosedRows(1, None, lambda rows: nothing[: rows.num_rows]))
    assert text == "change,uid,label,lat,lon,opened\n"
    assert (changes.removed, changes.hidden) == (2, 2)


def test_a_release_says_that_rows_of_it_are_closed(dataset: Dataset, releases: Releases) -> None:
    """The plan reads it there, after a restart too, and shows no row that goes."""
    first = publish(dataset, releases, ROWS)
    assert first.tables[0].discreet is False
    assert "discreet" not in (first.folder / "release.json").read_text()
    denied = ClosedRows(0, pa.table({"uid": ["1"]}), lambda rows: pa.array([False] * rows.num_rows))
    table = replace(ready(ROWS[:1]), denied=denied)
    second = build_release(dataset, {"stops": table}, created=CREATED, releases=releases)
    assert second is not None
    assert second.tables[0].discreet is True
    assert load_release(second.folder).tables[0].discreet is True


def test_a_column_that_says_less_now_is_not_repeated_as_it_was(
    dataset: Dataset, releases: Releases, tmp_path: Path
) -> None:
    """Its cells are left out of the list, and where it is the key, the rows of the last release with it."""
    made = []
    for name, rows, key in (
        ("a", ROWS, ()),
        ("b", ROWS[:2], ()),
        ("c", ROWS, ("uid",)),
        ("d", [(9, *ROWS[0][1:])], ("uid",)),
    ):
        table = ready(rows, key=key)
        release = build_release(dataset, {"stops": table}, created=CREATED, releases=Releases(tmp_path / name))
        assert release is not None
        made.append(release.tables[0])
    write_changes(*made[:2], tmp_path / "content.csv", closed={"uid", "label"})
    assert (tmp_path / "content.csv").read_text() == "change,lat,lon,opened\nremoved,,,2026-01-01\n"
    write_changes(*made[2:], tmp_path / "keys.csv", closed={"uid"})
    assert (tmp_path / "keys.csv").read_text() == "change,uid\nadded,9\n"


def test_a_crash_while_building_leaves_no_half_release(dataset: Dataset, releases: Releases) -> None:
    """A release appears in one step or not at all."""
    with pytest.raises(ValueError, match="nope"):
        build_release(dataset, {"stops": ready(ROWS, key=("nope",))}, created=CREATED, releases=releases)
    assert list(releases.folder.iterdir()) == []


def test_a_damaged_manifest_is_told_with_a_remedy(dataset: Dataset, releases: Releases) -> None:
    """The state folder may have been touched by hand."""
    release = publish(dataset, releases, ROWS)
    (release.folder / "release.json").write_text("{")
    with pytest.raises(StateError, match="cannot be read"):
        load_release(release.folder)


@pytest.mark.parametrize(
    ("version", "change", "expected"),
    [("", "patch", "1.0.0"), ("1.2.3", "major", "2.0.0"), ("1.2.3", "minor", "1.3.0"), ("1.2.3", "patch", "1.2.4")],
)
def test_versions_follow_what_changed(version: str, change: str, expected: str) -> None:
    """Schema-breaking is major, rows minor, words patch."""
    assert next_version(version, change) == expected


def test_an_added_field_breaks_nobody() -> None:
    """A field more is minor, a field less is major."""
    more = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "note", "type": "string"}]}
    assert change_of_schema(SCHEMA, more) == "minor"
    assert change_of_schema(more, SCHEMA) == "major"
    assert change_of_schema(SCHEMA, SCHEMA) is None
