"""The ledger as a dataset: what goes out, when it changes, and that a copy in foreign hands shows a rewritten past."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from vidkryto.archive import Archive
from vidkryto.catalogue.source import Source
from vidkryto.cli.app import app
from vidkryto.disclosure.detectors import search
from vidkryto.errors import SourceError
from vidkryto.pull import pull
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.cosigning import cosign_ledger
from vidkryto.record.public_copy import check_copy
from vidkryto.record.verifier import verify

OWN = "publication-ledger"
DECISION = {"who": "data-office-1", "role": "Відділ даних", "reason": "Переглянуто"}
PLAN = {"decision": "approved", "plan": "a" * 64, "until": "2027-01-31", **DECISION}


class Office:
    """A ledger with a published dataset and one that is kept inside."""

    def __init__(self, base: Path) -> None:
        self.home, self.folder = base / "home", base / OWN
        self.folder.mkdir(parents=True)
        key = base / "keys" / "one"
        SigningKey.generate("city.example/ledger").save(key)
        self.ledger = Ledger.create(self.home, key=key)
        self.run("stops", "Published")
        self.run("bunkers", "Withheld")

    def run(self, dataset: str, outcome: str) -> None:
        """Three entries: a decision, an intent, a result."""
        self.ledger.append("approval", dataset, PLAN)
        self.ledger.append("intent", dataset, {"run": "r1"})
        self.ledger.append("result", dataset, {"run": "r1", "outcome": outcome})

    def pull(self, table: str) -> str:
        """The export as the flow pulls it."""
        source: Source = TypeAdapter(Source).validate_python({"ledger": table})
        (snapshot,) = pull(source, folder=self.folder, archive=Archive(self.home / "objects"), resource=table)
        return snapshot.path.read_bytes().decode()

    def copy(self) -> tuple[str, str]:
        """Both tables: entries, checkpoints."""
        checkpoints = self.pull("checkpoints")
        return self.pull("entries"), checkpoints


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Seven entries."""
    return Office(tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    """A table."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_decisions_of_people_and_datasets_kept_inside_go_out_as_hashes(office: Office) -> None:
    """Neither an account nor the name of a dataset that is not public leaves."""
    entries, checkpoints = office.copy()
    shown = [(row["kind"], row["dataset"], bool(row["line"])) for row in rows(entries)]
    assert shown == [
        ("key", "", True),
        ("approval", "stops", False),
        ("intent", "stops", True),
        ("result", "stops", True),
        ("approval", "", False),
        ("intent", "", False),
        ("result", "", False),
    ]
    assert "data-office-1" not in entries
    assert "bunkers" not in entries
    assert [row["size"] for row in rows(checkpoints)] == ["7"]
    assert check_copy(entries, checkpoints).good


def test_only_news_makes_a_new_checkpoint(office: Office) -> None:
    """Its own publication and runs that changed nothing start no other; a night with news does."""
    first = office.copy()
    office.run(OWN, "Published")
    office.ledger.append("result", "stops", {"run": "r2", "outcome": "Unchanged"})
    assert office.copy() == first
    office.run("stops", "Withheld")
    entries, checkpoints = office.copy()
    assert [row["size"] for row in rows(checkpoints)] == ["7", "14"]
    assert len(rows(entries)) == 14
    assert rows(entries)[:7] == rows(first[0])
    assert check_copy(entries, checkpoints).good


def test_a_cosigned_checkpoint_goes_out_with_both_signatures(office: Office, tmp_path: Path) -> None:
    """The second office's signature is worth most in foreign hands."""
    office.copy()
    auditor = SigningKey.generate("audit.example/office")
    cosign_ledger(office.home / "ledger", auditor, tmp_path / "kept", now=1_790_000_000)
    (row,) = rows(office.pull("checkpoints"))
    assert row["note"].count("\n— ") == 2


def test_the_entries_without_checkpoints_are_refused(office: Office) -> None:
    """The order of the tables in the contract matters, and the message says so."""
    with pytest.raises(SourceError, match="no checkpoint of the ledger was given out") as raised:
        office.pull("entries")
    assert "before" in str(raised.value)


def test_without_a_ledger_the_source_says_how_to_begin_one(tmp_path: Path) -> None:
    """Never a traceback."""
    source: Source = TypeAdapter(Source).validate_python({"ledger": "checkpoints"})
    with pytest.raises(SourceError, match="cannot be read") as raised:
        pull(source, folder=tmp_path / OWN, archive=Archive(tmp_path / "home" / "objects"), resource="x")
    assert "vidkryto audit init" in str(raised.value)


def test_the_published_table_is_a_kept_checkpoint_for_the_verifier(office: Office, tmp_path: Path) -> None:
    """`audit verify --against` takes the table as the portal gives it, every row of it."""
    office.copy()
    office.run("stops", "Withheld")
    kept = tmp_path / "checkpoints.csv"
    kept.write_text(office.copy()[1], encoding="utf-8")
    report = verify(office.home / "ledger", against=[str(kept)])
    assert report.good
    assert [line[2]["size"] for line in report.lines if line[1] == "grew"] == [7, 10]
    shutil.rmtree(office.home / "ledger")
    SigningKey.generate("city.example/ledger").save(tmp_path / "other")
    rewritten = Ledger.create(office.home, key=tmp_path / "other")
    for number in range(12):
        rewritten.append("intent", "stops", {"run": f"r{number}"})
    assert not verify(office.home / "ledger", against=[str(kept)]).good


def test_a_line_goes_out_in_base64_so_that_no_detector_takes_a_run_for_a_person(office: Office) -> None:
    """A run's name of ten digits in two groups has the check digit of a tax number; the copy holds nothing like it."""
    run = "20261125T120128-455564-7179"
    assert search(run)
    office.ledger.append("result", "stops", {"run": run, "outcome": "Published"})
    entries, _ = office.copy()
    line = base64.b64decode(rows(entries)[-1]["line"])
    assert json.loads(line)["body"]["run"] == run
    assert hashlib.sha256(b"\x00" + line).hexdigest() == rows(entries)[-1]["leaf"]
    assert not any(search(cell) for row in rows(entries) for cell in row.values())


def mutations(entries: str, checkpoints: str) -> Iterator[tuple[str, str]]:
    """One cell of each row changed, a row left out, two rows swapped, a line hidden that was shown."""
    for place, table in enumerate((entries, checkpoints)):
        head, *body = list(csv.reader(io.StringIO(table, newline="")))
        changed = []
        for number, row in enumerate(body):
            for cell, name in enumerate(head):
                hidden = not place and not row[head.index("line")]
                if row[cell] and (name in ("seq", "leaf") or not hidden):
                    spot = random.Random(f"{number}{name}").randrange(len(row[cell]))
                    letter = "0" if row[cell][spot] != "0" else "g"
                    spoilt = [*row]
                    spoilt[cell] = row[cell][:spot] + letter + row[cell][spot + 1 :]
                    changed.append([*body[:number], spoilt, *body[number + 1 :]])
        if not place:
            changed += [[*body[:n], *body[n + 1 :]] for n in range(len(body))]
            changed += [[*body[:n], body[n + 1], body[n], *body[n + 2 :]] for n in range(len(body) - 1)]
        for rows_of in changed:
            stream = io.StringIO(newline="")
            csv.writer(stream, lineterminator="\n").writerows([head, *rows_of])
            yield (stream.getvalue(), checkpoints) if not place else (entries, stream.getvalue())


def test_every_change_of_a_copy_is_found(office: Office) -> None:
    """Whatever is changed in either table, the roots or the signatures do not come out."""
    office.copy()
    office.run("stops", "Published")
    entries, checkpoints = office.copy()
    tried = [check_copy(*spoilt).good for spoilt in mutations(entries, checkpoints)]
    assert len(tried) > 60
    assert not any(tried)


def test_what_is_no_entry_is_told_as_such(office: Office) -> None:
    """A list, a number, half an entry in a line with the right hash: a failure by its number, no traceback."""
    entries, checkpoints = office.copy()
    head, *body = list(csv.reader(io.StringIO(entries, newline="")))
    for line in (b"[1]", b"7", b'{"seq":2}', b"{"):
        spoilt = [*body[2]]
        spoilt[4:] = [hashlib.sha256(b"\x00" + line).hexdigest(), base64.b64encode(line).decode()]
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator="\n").writerows([head, *body[:2], spoilt, *body[3:]])
        report = check_copy(stream.getvalue(), checkpoints)
        assert [told[1] for told in report.lines if told[0] == "failure"] == ["line"], report.lines


def test_the_command_checks_a_copy_and_tells_by_its_exit_code(office: Office, tmp_path: Path) -> None:
    """0 it holds, 1 it does not, 2 it could not be checked."""
    entries, checkpoints = office.copy()
    files = [tmp_path / "entries.csv", tmp_path / "checkpoints.csv"]
    for file, text in zip(files, (entries, checkpoints), strict=True):
        file.write_text(text, encoding="utf-8")
    run = CliRunner()
    good = run.invoke(app, ["audit", "verify-copy", *map(str, files), "--lang", "uk"])
    assert good.exit_code == 0
    assert "записів у копії: 7, з них показано повністю: 3" in good.stdout
    files[0].write_text(entries.replace("eyJib2R5", "eyJib2R6", 1), encoding="utf-8")
    assert run.invoke(app, ["audit", "verify-copy", *map(str, files), "--lang", "en"]).exit_code == 1
    files[0].write_text("a,b\n1,2\n", encoding="utf-8")
    assert run.invoke(app, ["audit", "verify-copy", *map(str, files)]).exit_code == 2
