"""Rows compared: canonical cells, multisets, digests that anybody can recompute."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidkryto.errors import PlanError
from vidkryto.plan.canonical import plain_json, plain_number
from vidkryto.plan.columns import Column, fault_of_name
from vidkryto.plan.names import alias_of, resource_id
from vidkryto.plan.rows import compared, digest_of

TEXT = Column("a", "text", "text")
NUMBER = Column("n", "numeric", "number")
COLUMNS = (Column("id", "text", "text"), TEXT, NUMBER)
_numbers = itertools.count()


def written(folder: Path, header: list[str], rows: list[list[str | None]], *, quoting: int = csv.QUOTE_MINIMAL) -> Path:
    """A CSV of our dialect."""
    path = folder / f"{next(_numbers)}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n", quoting=quoting)
        writer.writerow(header)
        writer.writerows(rows)
    return path


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")
CELL = st.none() | st.text(LETTERS, min_size=1, max_size=6)
AMOUNT = st.none() | st.decimals(-1000, 1000, places=2).map(str)
ROWS = st.dictionaries(st.sampled_from("абвгґдеєж"), st.tuples(CELL, AMOUNT), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, after=ROWS)
def test_by_key_the_difference_is_that_of_two_mappings(
    tmp_path: Path, before: dict[str, tuple[str | None, str | None]], after: dict[str, tuple[str | None, str | None]]
) -> None:
    """Added, changed and removed rows are those that Python finds; without any the sides are equal."""
    numbered = [[str(number), key, *before[key]] for number, key in enumerate(before)]
    live = written(tmp_path, ["_id", "id", "a", "n"], numbered)
    wanted = written(tmp_path, ["id", "a", "n"], [[key, *cells] for key, cells in after.items()])
    with compared(wanted, live, COLUMNS, ("id",)) as found:
        assert [row["id"] for row in found.added()] == [key for key in after if key not in before]
        changed = [key for key in after if key in before and before[key] != after[key]]
        assert [row["id"] for row in found.changed()] == changed
        numbers = {key: number for number, key in enumerate(before)}
        assert list(found.removed()) == [numbers[key] for key in before if key not in after]
        assert found.equal == (before == after)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(CELL, max_size=8), after=st.lists(CELL, max_size=8))
def test_without_a_key_the_difference_is_that_of_two_multisets(
    tmp_path: Path, before: list[str | None], after: list[str | None]
) -> None:
    """Equal rows are counted, and only the surplus goes."""
    live = written(tmp_path, ["_id", "a", "n"], [[str(n), cell, "1"] for n, cell in enumerate(before)])
    wanted = written(tmp_path, ["a", "n"], [[cell, "1"] for cell in after])
    with compared(wanted, live, (TEXT, NUMBER), ()) as found:
        added = Counter(row["a"] for row in found.added())
        removed = Counter(before[number] for number in found.removed())
    assert added == Counter(after) - Counter(before)
    assert removed == Counter(before) - Counter(after)


def test_rows_that_an_act_closes_are_counted_and_not_shown(tmp_path: Path) -> None:
    """A plan is printed, approved and archived: it shows no sample of them."""
    live = written(tmp_path, ["_id", "id", "a", "n"], [["1", "x", "Котельня № 7", "1"]])
    wanted = written(tmp_path, ["id", "a", "n"], [["y", "Парк", "1"]])
    with compared(wanted, live, COLUMNS, ("id",)) as found:
        assert [part for part, _ in found.change().samples] == ["added", "removed"]
        change = found.change(discreet=True)
    assert change.counts == (1, 0, 1)
    assert [part for part, _ in change.samples] == ["added"]


def test_a_digest_can_be_recomputed_in_a_few_lines(tmp_path: Path) -> None:
    """The rule of the protocol's page, in plain Python."""
    rows: list[list[str | None]] = [["б", "ї\n\"", "1.50"], ["а", None, "-0.00"], ["в", "x", "1e2"]]
    canonical = [["б", "ї\n\"", "1.50"], ["а", None, "0.00"], ["в", "x", "100"]]

    def line(cells: list[str | None]) -> str:
        return "".join("-" if cell is None else f"{len(cell.encode())}:{cell}" for cell in cells)

    hashes = sorted(hashlib.sha256(line(cells).encode()).hexdigest() for cells in canonical)
    digest = digest_of(written(tmp_path, ["id", "a", "n"], rows), COLUMNS)
    assert digest.rows == 3
    assert digest.sha256 == hashlib.sha256("".join(hashes).encode()).hexdigest()
    shuffled = digest_of(written(tmp_path, ["id", "a", "n"], rows[::-1], quoting=csv.QUOTE_ALL), COLUMNS)
    assert shuffled == digest


def test_line_breaks_inside_cells_survive_the_edges_of_blocks(tmp_path: Path) -> None:
    """pyarrow loses the LF of a quoted CRLF between two blocks; such a file is read as one block."""
    cells = [["x" * (n % 977) + "\r\n" * (n % 3)] for n in range(30_000)]
    wanted = written(tmp_path, ["a"], cells, quoting=csv.QUOTE_ALL)
    assert wanted.stat().st_size > 8 << 20
    lines = sorted(
        hashlib.sha256((f"{len(cell)}:{cell}" if cell else "-").encode()).hexdigest() for (cell,) in cells
    )
    assert digest_of(wanted, (TEXT,)).sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_an_empty_table_has_a_digest(tmp_path: Path) -> None:
    """No rows is a state like any other."""
    path = written(tmp_path, ["id", "a", "n"], [])
    assert digest_of(path, COLUMNS).rows == 0
    with compared(path, None, COLUMNS, ("id",)) as found:
        assert found.equal


@pytest.mark.parametrize(
    ("form", "type_", "ours", "theirs"),
    [
        ("boolean", "bool", "true", "t"),
        ("datetime", "timestamptz", "2026-10-01T10:00:00+03:00", "2026-10-01 07:00:00+00"),
        ("datetime", "timestamptz", "2026-10-01T07:00:00Z", "2026-10-01 10:00:00+03"),
        ("datetime", "timestamptz", "2026-10-01T07:00:00.5Z", "2026-10-01 07:00:00.5+00"),
        ("datetime", "timestamptz", "2026-10-01T07:00:00", "2026-10-01 07:00:00+00"),
        ("time", "time", "07:05:00", "07:05:00"),
        ("time", "time", "07:05:00.50", "07:05:00.5"),
        ("integer", "int8", "+7", "7"),
        ("number", "numeric", "1e-3", "0.001"),
        ("number", "numeric", "-0", "0"),
        ("number", "numeric", ".5", "0.5"),
        ("json", "jsonb", '{"b":1.50,"a":[1,"ї"]}', '{"a": [1, "ї"], "b": 1.50}'),
        ("json", "jsonb", '"\\u0457"', '"ї"'),
    ],
)
def test_one_value_has_one_spelling(tmp_path: Path, form: str, type_: str, ours: str, theirs: str) -> None:
    """What the portal prints for a value of ours is the same value."""
    columns = (Column("id", "text", "text"), Column("v", type_, form))  # type: ignore[arg-type]
    wanted = written(tmp_path, ["id", "v"], [["1", ours]])
    live = written(tmp_path, ["_id", "id", "v"], [["1", "1", theirs]])
    with compared(wanted, live, columns, ("id",)) as found:
        assert found.equal


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (Column("v", "int8", "integer"), "1.5"),
        (Column("v", "numeric", "number"), "1,5"),
        (Column("v", "numeric", "number"), "1e99999"),
        (Column("v", "bool", "boolean"), "так"),
        (Column("v", "date", "date"), "28.02.2023"),
        (Column("v", "date", "date"), "2023-02-30"),
        (Column("v", "timestamptz", "datetime"), "учора"),
        (Column("v", "time", "time"), "25:00"),
        (Column("v", "jsonb", "json"), "{"),
        (Column("v", "jsonb", "json"), "NaN"),
        (Column("v", "text", "text"), "\x00"),
    ],
)
def test_a_value_that_does_not_fit_stops_before_the_portal_is_touched(
    tmp_path: Path, column: Column, cell: str
) -> None:
    """The row is named, the value is not."""
    wanted = written(tmp_path, ["id", "v"], [["1", None], ["2", cell]])
    with (
        pytest.raises(PlanError, match="the first is data row 2") as caught,
        compared(wanted, None, (Column("id", "text", "text"), column), ("id",)),
    ):
        pass
    assert cell not in caught.value.message


def test_a_key_that_repeats_or_is_empty_is_refused(tmp_path: Path) -> None:
    """The portal would take the second row for a change of the first, or add it at every run."""
    wanted = written(tmp_path, ["id", "a", "n"], [["1", None, None], ["1", None, None], [None, "x", None]])
    with (
        pytest.raises(PlanError, match="empty in 1 rows and repeated in 1"),
        compared(wanted, None, COLUMNS, ("id",)),
    ):
        pass


def test_columns_may_be_called_as_our_own_helpers(tmp_path: Path) -> None:
    """place, hash, copy and unusable are good names for a city's columns."""
    names = ("hash", "place", "copy", "unusable", "raw hash")
    columns = tuple(Column(name, "text", "text") for name in names)
    wanted = written(tmp_path, list(names), [["1", "2", "3", "4", "5"], ["6", "7", "8", "9", "0"]])
    live = written(tmp_path, ["_id", *names], [["1", "1", "2", "3", "4", "5"], ["2", "6", "x", "8", "9", "0"]])
    with compared(wanted, live, columns, ("hash",)) as found:
        assert found.counts == (0, 1, 0)
        assert next(iter(found.changed()))["place"] == "7"


def test_the_plain_forms() -> None:
    """Numbers and JSON as PostgreSQL keeps them."""
    assert [plain_number(text) for text in ("1.50", "1.5E1", "NaN", "-Infinity", "x")] == [
        "1.50", "15", "NaN", "-Infinity", None,
    ]  # fmt: skip
    assert plain_json('{"a": 1, "a": 2}') == '{"a":2}'
    assert plain_json("[" * 100_000) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ok", ""),
        ("назва зупинки", ""),
        ("_id", "begins with _"),
        (" x", "spaces around"),
        ('a"b', "a quote"),
        ("a%", "a percent sign"),
        ("xmin", "system column"),
        ("ї" * 32, "64 bytes long, the limit is 63"),
    ],
)
def test_names_that_a_portal_cannot_hold(name: str, fault: str) -> None:
    """A long Cyrillic name would be cut silently by PostgreSQL."""
    assert fault in fault_of_name(name)
    assert bool(fault) == bool(fault_of_name(name))


def test_ids_and_aliases_never_change() -> None:
    """These values are promised for ever: a change here breaks every address."""
    assert resource_id("public-transport-stops", "stops.csv") == "ff21261e-3115-5fa6-9c37-b810f2f5ea44"
    assert alias_of("khmelnytskyi", "public-transport-stops", "stops") == "khmelnytskyi_public_transport_stops"
    assert alias_of("khmelnytskyi", "schools", "meals") == "khmelnytskyi_schools_meals"
    long = alias_of("khmelnytskyi", "x" * 90, "y")
    assert len(long) == 63
