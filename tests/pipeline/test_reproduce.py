"""What must hold for `audit reproduce`: the same export under the same rules gives the same bytes, or says why not."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.runs import published_without_portal
from vidkryto.catalogue import find_dataset, unpack_rules
from vidkryto.cli.audit import app
from vidkryto.errors import StateError
from vidkryto.pipeline import stages
from vidkryto.pipeline.job import new_job
from vidkryto.pipeline.remember import PRACTICE_KEY
from vidkryto.pipeline.reproduce import reproduce
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A repository with one dataset of the project, an empty state folder, a practice ledger."""
    root, home = tmp_path / "repository", tmp_path / "home"
    for folder in ("datasets", "schemas"):
        shutil.copytree(ROOT / folder, root / folder)
    SigningKey.generate("vidkryto-practice/test").save(home / PRACTICE_KEY)
    Ledger.create(home, key=home / PRACTICE_KEY)
    return Settings(root=root, home=home)


DECISION = {"decision": "approved", "plan": "a" * 64, "who": "data-office", "role": "Відділ", "reason": "Переглянуто"}


def published(settings: Settings, name: str = "schools", *, approved: bool = False) -> str:
    """A run's name. `approved`: within the run itself, as in the demo."""
    job = new_job(find_dataset(settings.datasets, name), settings)
    if approved:
        ledger = Ledger.open(settings.home, key=settings.home / PRACTICE_KEY)
        ledger.append("approval", name, {**DECISION, "run": job.run})
    return published_without_portal(job)


def changed_export(settings: Settings) -> None:
    """The department hands over another export: one row less."""
    export = sorted((find_dataset(settings.datasets, "schools").folder / "exports").iterdir())[-1]
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join(lines[:-1]))


def test_every_file_comes_out_byte_for_byte(settings: Settings) -> None:
    """A first publication and one after it, with its list of changes: all files are the same."""
    first = published(settings)
    changed_export(settings)
    second = published(settings)
    for run in (first, second):
        found = reproduce(settings, run)
        assert found.same
        assert len(found.files) >= 4
    assert "schools-changes.csv" in {file.name for file in found.files}


COUNTED = "displaced-people-services"


def recounted(settings: Settings, was: int, now: int) -> None:
    """The department hands over its counts again, one of them another."""
    (export,) = (find_dataset(settings.datasets, COUNTED).folder / "exports").glob("*.ods")
    with zipfile.ZipFile(export) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    cell = 'office:value="{0}"><text:p>{0}</text:p>'
    before, after = (cell.format(number).encode() for number in (was, now))
    assert before in parts["content.xml"]
    parts["content.xml"] = parts["content.xml"].replace(before, after, 1)
    with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)


def test_what_was_hidden_then_is_hidden_again(settings: Settings) -> None:
    """A small count stays hidden when it grows, as long as yesterday's table tells it apart: the reproduction of each
    run knows the counts of the run before it, and without them it would show another table."""
    runs = [published(settings, COUNTED)]
    for was, now in ((2, 31), (77, 78)):
        recounted(settings, was, now)
        runs.append(published(settings, COUNTED))
    assert [reproduce(settings, run).same for run in runs] == [True, True, True]
    shutil.rmtree(settings.home / "releases" / COUNTED / "disclosed" / "by-release")
    assert not all(reproduce(settings, run).same for run in runs)


def change_contract(settings: Settings) -> None:
    """The contract is edited after the run."""
    contract = find_dataset(settings.datasets, "schools").folder / "dataset.yaml"
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("keywords:", "keywords: # changed\n", 1), encoding="utf-8"
    )


def rules_of(settings: Settings, run: str) -> Path:
    """Where the archive keeps the rules of a run."""
    entry = next(entry for entry in Ledger.open(settings.home).entries() if entry.body.get("run") == run)
    return settings.archive.path(entry.body["contract"])


def test_the_recorded_rules_are_used_whatever_the_repository_says_now(settings: Settings) -> None:
    """Contract and schemas come out of the archive, so a contract edited since disturbs nothing."""
    for approved in (False, True):
        run = published(settings, approved=approved)
        change_contract(settings)
        found = reproduce(settings, run)
        assert found.same
        assert found.rules == "archive"
        changed_export(settings)


def joined(settings: Settings) -> Path:
    """Give the dataset a transformation that looks a word up in a reference table, and lose a school in it."""
    dataset = find_dataset(settings.datasets, "schools")
    (field, *others) = [item["name"] for item in dataset.schemas["schools"]["fields"]]
    table = dataset.folder / "references" / "closed.csv"
    table.parent.mkdir()
    table.write_text("number\n5\n", encoding="utf-8")
    (dataset.folder / "transform.sql").write_text(
        f"select {field}, {', '.join(others)}, _row, _source from schools anti join closed"
        " on cast(schools._row as varchar) = closed.number order by _source, _row",
        encoding="utf-8",
    )
    return table


def test_a_reference_table_changed_since_disturbs_nothing(settings: Settings) -> None:
    """What a transformation joins is part of the rules and kept with them."""
    table = joined(settings)
    run = published(settings)
    before = find_dataset(settings.datasets, "schools").sha256
    table.write_text("number\n6\n7\n", encoding="utf-8")
    assert find_dataset(settings.datasets, "schools").sha256 != before
    found = reproduce(settings, run)
    assert found.same
    assert found.rules == "archive"


def test_a_run_tells_the_hash_of_its_transformation_and_the_rows_it_lost(settings: Settings) -> None:
    """Both are findings of reading: the note with the sha256, the warning with the line of the export."""
    joined(settings)
    job = new_job(find_dataset(settings.datasets, "schools"), settings)
    told = {item.code: item for item in stages.read_exports(job, stages.pull_exports(job)).findings}
    assert (told["transform-fewer-rows"].rows, told["transform-fewer-rows"].count) == ((5,), 1)
    assert len(told["transformed"].details["sha256"]) == 64


def test_without_kept_rules_other_rules_are_told_and_not_compared(settings: Settings) -> None:
    """Where the archive lost the rules and the repository has others, the message names the hash and the day."""
    run = published(settings)
    change_contract(settings)
    rules_of(settings, run).unlink()
    with pytest.raises(StateError, match="changed since the run") as refusal:
        reproduce(settings, run)
    assert "Check out the repository as it was on" in str(refusal.value)


def test_rules_changed_in_the_archive_are_not_run(settings: Settings) -> None:
    """Rules may hold a program: what the ledger does not vouch for is refused."""
    run = published(settings)
    rules_of(settings, run).write_bytes(rules_of(settings, run).read_bytes() + b" ")
    with pytest.raises(StateError, match="were changed in the archive"):
        reproduce(settings, run)


def test_rules_that_leave_their_folder_are_refused(tmp_path: Path) -> None:
    """A name that climbs out of the folder writes nothing."""
    with pytest.raises(StateError, match="outside of their folder"):
        unpack_rules(b'{"../out.yaml": "x"}', tmp_path / "in")
    assert not (tmp_path / "out.yaml").exists()


def test_all_runs_are_made_again_by_one_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--all` goes over every run that published; naming a run as well is refused."""
    published(settings)
    changed_export(settings)
    published(settings)
    monkeypatch.setenv("VIDKRYTO_ROOT", str(settings.root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(settings.home))
    result = CliRunner().invoke(app, ["reproduce", "--all"])
    assert result.exit_code == 0
    assert "✗" not in result.stdout
    assert result.stdout.count("schools/schools.csv ") == 2
    assert CliRunner().invoke(app, ["reproduce", "--all", "some-run"]).exit_code == 2


def test_a_changed_deny_list_or_salt_is_named_as_the_cause(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not the program is blamed, which is the same; of a run that kept no marks that is said."""
    (tmp_path / "lists").mkdir()
    monkeypatch.setenv("VIDKRYTO_DENY_LISTS", str(tmp_path / "lists"))
    monkeypatch.setenv("VIDKRYTO_LANGUAGE", "en")
    monkeypatch.setenv("VIDKRYTO_ROOT", str(settings.root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(settings.home))
    run = published(settings)
    file = settings.home / "runs" / "schools" / run / "run.json"
    text = file.read_text(encoding="utf-8")
    assert reproduce(settings, run).changed == ()
    table = next((settings.home / "releases" / "schools").glob("1.*/schools.csv"))
    code = next(cell for cell in table.read_text(encoding="utf-8").split("\n")[1].split(",") if len(cell) > 3)
    rule = f'[[rule]]\nrule = "T1"\nobject_type = ["{code}"]\n'
    (tmp_path / "lists" / "a.toml").write_text(rule, encoding="utf-8")
    found = reproduce(settings, run)
    assert (found.same, found.changed) == (False, ("deny-lists",))
    told = CliRunner().invoke(app, ["reproduce", run]).stderr
    assert "The deny lists are not those of the run" in told
    assert "program version" not in told
    monkeypatch.setenv("VIDKRYTO_SALT", "another salt of 2026")
    assert reproduce(settings, run).changed == ("salt",)
    record = json.loads(text)
    del record["fingerprint"]["deny"], record["fingerprint"]["salt"]
    file.write_text(json.dumps(record), encoding="utf-8")
    assert "was not kept" in CliRunner().invoke(app, ["reproduce", run]).stderr


def test_a_lost_export_and_an_unknown_run_are_told(settings: Settings) -> None:
    """What cannot be made again is no silent success."""
    run = published(settings)
    shutil.rmtree(settings.home / "objects")
    with pytest.raises(StateError, match="is not in the archive"):
        reproduce(settings, run)
    with pytest.raises(StateError, match="knows no run"):
        reproduce(settings, "20200101T000000Z-0000")


def test_the_command_tells_a_difference_by_its_exit_code(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 when all is the same; 1 when the archived export is not what it was."""
    run = published(settings)
    monkeypatch.setenv("VIDKRYTO_ROOT", str(settings.root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(settings.home))
    assert CliRunner().invoke(app, ["reproduce", run]).exit_code == 0
    record = RunRecord.load(settings.home / "runs" / "schools" / run / "run.json")
    export = settings.archive.path(record.snapshots[0].sha256)
    export.write_bytes(b"".join(export.read_bytes().splitlines(keepends=True)[:-1]))
    result = CliRunner().invoke(app, ["reproduce", run])
    assert result.exit_code == 1
    assert "✗ schools/schools.csv" in result.stdout
