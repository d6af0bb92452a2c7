"""What must hold for a ledger while it is written: order, refusals, other writers, crashes."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidkryto import clock
from vidkryto.errors import LedgerError
from vidkryto.pipeline.exceptions import decisions_of, fold
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.canonical import canonical
from vidkryto.record.verifier import verify
from vidkryto.settings import Settings

EXCEPTION = {
    "findings": ["row-count-band"],
    "until": "2027-01-31",
    "who": "data-office-1",
    "role": "Начальник відділу відкритих даних",
    "reason": "Зупинки закрито на ремонт до 31.01.2027",
}


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A new key outside the state folder."""
    file = tmp_path / "keys" / "audit.key"
    SigningKey.generate("city.example/ledger").save(file)
    return file


@pytest.fixture
def ledger(tmp_path: Path, key: Path) -> Ledger:
    """A new ledger in a new state folder."""
    return Ledger.create(tmp_path / "home", key=key)


def test_an_entry_is_canonical_and_names_the_one_before(ledger: Ledger) -> None:
    """The line is RFC 8785 JSON; `prev` is the sha256 of the line before."""
    first = next(iter(ledger.entries()))
    entry = ledger.append("result", "stops", {"run": "r1", "outcome": "Unchanged"})
    assert entry.seq == 1
    assert entry.prev == hashlib.sha256(first.line).hexdigest()
    assert entry.line.startswith(
        b'{"body":{"outcome":"Unchanged","run":"r1"},"dataset":"stops","kind":"result","prev":"'
    )
    assert [found.line for found in ledger.entries()] == [first.line, entry.line]


def test_every_append_is_covered_by_a_signature_when_it_returns(ledger: Ledger) -> None:
    """After each append the verifier finds nothing wrong."""
    for number in range(5):
        ledger.append("intent", "stops", {"run": f"r{number}"})
        assert verify(ledger.folder).good


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"run": "r", "outcome": "Published", "cell": "вул. Проскурівська, 1"}, "cell: is not part of the declared"),
        ({"run": "r", "outcome": "Published", "portal": {"package": "p", "url": "http://10.0.0.5"}}, "portal.url"),
        ({"run": "r", "outcome": "Maybe"}, "outcome"),
        ({"run": "r", "outcome": "Published", "snapshots": [{"name": "a", "sha256": "xyz", "bytes": 1}]}, "sha256"),
        ({"run": "r", "outcome": "Published", "snapshots": [{"name": "a", "sha256": "a" * 64, "bytes": 1.5}]}, "bytes"),
        ({"outcome": "Published"}, "run"),
    ],
)
def test_a_body_outside_its_shape_is_refused(ledger: Ledger, body: dict[str, object], told: str) -> None:
    """The refusal names the part and never quotes the value; nothing is written."""
    before = ledger.file.read_bytes()
    with pytest.raises(LedgerError) as refusal:
        ledger.append("result", "stops", body)
    assert told in str(refusal.value)
    assert "Проскурівська" not in str(refusal.value)
    assert "10.0.0.5" not in str(refusal.value)
    assert ledger.file.read_bytes() == before


@pytest.mark.parametrize(
    "reason",
    [
        "Дзвонити 050 123-45-67",
        "Пишіть на office@example.org",
        "Лежить на http://files/stops",
        "Сервер 192.168.1.20",
        "Погодив Коваленко Петро Іванович",
        "РНОКПП 3123456789",
        "погодила Коваленко Олена",
        "погодив Коваленко М. І.",
        "паспорт МЕ 123456",
        "вул. Соборна 24, кв. 15",
        "авто ВХ1234АА",
        "народжений 12.04.1961",
    ],
)
def test_words_that_hold_personal_data_or_addresses_are_refused(ledger: Ledger, reason: str) -> None:
    """A ledger cannot forget, so it must not be told."""
    with pytest.raises(LedgerError, match="reason: holds") as refusal:
        ledger.append("exception", "stops", {**EXCEPTION, "reason": reason})
    assert reason not in str(refusal.value)


def test_plain_words_with_dates_pass(ledger: Ledger) -> None:
    """Dates are not long numbers."""
    entry = ledger.append("exception", "stops", EXCEPTION)
    assert entry.body["reason"] == "Зупинки закрито на ремонт до 31.01.2027"


def test_two_ledger_objects_take_turns(ledger: Ledger, tmp_path: Path, key: Path) -> None:
    """Each sees what the other appended."""
    other = Ledger.open(tmp_path / "home", key=key)
    for number in range(6):
        (ledger, other)[number % 2].append("intent", "stops", {"run": f"r{number}"})
    assert [entry.body.get("run") for entry in ledger.entries()] == [None, "r0", "r1", "r2", "r3", "r4", "r5"]
    assert verify(ledger.folder).good


def _append_many(home: Path, key: Path, worker: int) -> None:
    ledger = Ledger.open(home, key=key)
    for number in range(25):
        ledger.append("result", "stops", {"run": f"w{worker}-{number}", "outcome": "Published"})


def test_several_processes_lose_no_entry(ledger: Ledger, tmp_path: Path, key: Path) -> None:
    """Four processes, 25 entries each: 100 entries in one chain under one checkpoint."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(tmp_path / "home", key, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    runs = [entry.body["run"] for entry in ledger.entries() if entry.kind == "result"]
    assert sorted(runs) == sorted(f"w{worker}-{number}" for worker in range(4) for number in range(25))
    assert verify(ledger.folder).good


KILLED = """
import os, sys
from pathlib import Path
from vidkryto.record import Ledger
home, key, moment = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
count, real = 0, os.fsync
def fsync(handle):
    global count
    count += 1
    if count == moment:
        os._exit(9)
    real(handle)
os.fsync = fsync
for number in range(3):
    Ledger.open(home, key=key).append("intent", "stops", {"run": f"r{number}"})
"""


@pytest.mark.parametrize("moment", range(1, 10))
def test_a_process_killed_at_any_step_leaves_a_ledger_that_goes_on(
    ledger: Ledger, tmp_path: Path, key: Path, moment: int
) -> None:
    """Killed before each of the nine flushes of three appends: the next append closes the gap, verify is content."""
    home = tmp_path / "home"
    run = subprocess.run([sys.executable, "-c", KILLED, str(home), str(key), str(moment)], check=False)
    assert run.returncode == 9
    Ledger.open(home, key=key).append("intent", "stops", {"run": "after"})
    kinds = [entry.kind for entry in ledger.entries()]
    assert verify(ledger.folder).good
    assert kinds[-1] == "intent"
    assert kinds.count("recovery") <= 1


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_last_line_is_set_aside_and_named(ledger: Ledger, cut: int) -> None:
    """Half a line behind the checkpoint: its bytes are kept under their hash, a recovery entry says so."""
    whole = ledger.append("intent", "stops", {"run": "r1", "plan": "a" * 64}).line
    torn = whole.replace(b'"seq":1', b'"seq":2')[:cut]
    with ledger.file.open("ab") as stream:
        stream.write(torn)
    assert not verify(ledger.folder).good
    ledger.append("intent", "stops", {"run": "r2"})
    recovery = list(ledger.entries())[2]
    assert recovery.kind == "recovery"
    assert recovery.body == {
        "torn_bytes": cut,
        "torn_lines": 0,
        "torn_sha256": hashlib.sha256(torn).hexdigest(),
    }
    assert (ledger.folder / "torn" / hashlib.sha256(torn).hexdigest()).read_bytes() == torn
    assert verify(ledger.folder).good


def test_a_whole_line_without_checkpoint_is_set_aside_and_named(ledger: Ledger) -> None:
    """A crash between line and checkpoint, for which `append` never returned: the line counts for nothing."""
    old = ledger.checkpoint_file.read_bytes()
    line = ledger.append("intent", "stops", {"run": "r1"}).line + b"\n"
    ledger.checkpoint_file.write_bytes(old)
    home, key = ledger.folder.parent, ledger._key_file
    assert [entry.kind for entry in ledger.entries()] == ["key"]
    Ledger.open(home, key=key).append("intent", "stops", {"run": "r2"})
    entries = list(ledger.entries())
    assert [entry.kind for entry in entries] == ["key", "recovery", "intent"]
    name = hashlib.sha256(line).hexdigest()
    assert entries[1].body == {"torn_bytes": len(line), "torn_lines": 1, "torn_sha256": name}
    assert (ledger.folder / "torn" / name).read_bytes() == line


def forged(ledger: Ledger, *bodies: dict[str, object], kind: str = "exception") -> bytes:
    """Lines in perfect form and order, as anybody can write them who may write the file; no key is needed."""
    last = list(ledger.entries())[-1]
    lines, prev = [], last.sha256
    for seq, body in enumerate(bodies, start=last.seq + 1):
        fields = {"body": body, "dataset": "stops", "kind": kind, "prev": prev, "seq": seq, "time": last.time}
        lines.append(canonical(fields))
        prev = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(line + b"\n" for line in lines)


PROPOSED = {
    **EXCEPTION, "findings": ["class-contradicted"], "exception": "a" * 64, "resource": "stops", "field": "phone",
    "kind": "phone", "cells": 1_000_000, "decision": "proposed",
}  # fmt: skip
CONFIRMED = {**PROPOSED, "decision": "confirmed", "who": "legal-office-2"}


def test_lines_added_without_the_key_are_never_signed(ledger: Ledger, tmp_path: Path, key: Path) -> None:
    """A forged exception of two accounts behind the checkpoint: the next entry signs over nothing of it."""
    ledger.append("intent", "stops", {"run": "r1"})
    with ledger.file.open("ab") as stream:
        stream.write(forged(ledger, PROPOSED, CONFIRMED))
    assert not verify(ledger.folder).good
    Ledger.open(tmp_path / "home", key=key).append("result", "stops", {"run": "r1", "outcome": "Unchanged"})
    assert [entry.kind for entry in ledger.entries()] == ["key", "intent", "recovery", "result"]
    assert fold(ledger.signed_entries("exception")) == ()
    report = verify(ledger.folder)
    assert report.good
    assert ("warning", "unsigned-lines", {"seq": 2, "count": 2}) in report.lines


def test_what_an_earlier_version_took_in_is_told_and_lets_nothing_pass(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: Path
) -> None:
    """Earlier versions signed over such lines: their ledgers are read and hold, with a warning; a revocation counts."""
    settings = Settings(tmp_path, tmp_path / "home")
    monkeypatch.setenv("VIDKRYTO_AUDIT_KEY", str(key))
    ledger.append("exception", "stops", {**PROPOSED, "exception": "b" * 64})
    ledger.append("exception", "stops", {**CONFIRMED, "exception": "b" * 64})
    revoked = {**CONFIRMED, "exception": "b" * 64, "decision": "revoked"}
    lying = {"uncovered_first": 0, "uncovered_count": 2**53 - 1}
    for kind, bodies in (("exception", (PROPOSED, CONFIRMED, revoked)), ("recovery", (lying,))):
        known = {"uncovered_count": len(bodies), "uncovered_first": ledger._known.frontier.size}
        for line in forged(ledger, *bodies, kind=kind).splitlines():
            ledger._put(line, SigningKey.load(key))
        ledger._write("recovery", "", {"torn_bytes": 0, **known}, SigningKey.load(key), clock.now())
    assert [(one.number[0], one.state) for one in decisions_of(settings)] == [("b", "revoked")]
    report = verify(ledger.folder)
    assert report.good
    assert ("warning", "unsigned-lines", {"seq": 6, "count": 3}) in report.lines


def test_a_running_process_notices_a_rolled_back_ledger(ledger: Ledger) -> None:
    """An older, consistent pair of files is refused by a process that has seen more."""
    before = (ledger.file.read_bytes(), ledger.checkpoint_file.read_bytes())
    ledger.append("intent", "stops", {"run": "r1"})
    ledger.file.write_bytes(before[0])
    ledger.checkpoint_file.write_bytes(before[1])
    with pytest.raises(LedgerError, match="became shorter"):
        ledger.append("intent", "stops", {"run": "r2"})


def test_the_ledger_never_signs_over_a_changed_history(ledger: Ledger, tmp_path: Path, key: Path) -> None:
    """A log must not sign a checkpoint inconsistent with an earlier one (C2SP tlog-checkpoint)."""
    ledger.append("result", "stops", {"run": "r1", "outcome": "Withheld"})
    ledger.append("result", "stops", {"run": "r2", "outcome": "Published"})
    ledger.file.write_bytes(ledger.file.read_bytes().replace(b"Withheld", b"Failed", 1))
    checkpoint = ledger.checkpoint_file.read_bytes()
    with pytest.raises(LedgerError, match="not those that the checkpoint was signed over"):
        Ledger.open(tmp_path / "home", key=key).append("intent", "stops", {"run": "r3"})
    assert ledger.checkpoint_file.read_bytes() == checkpoint


def test_a_full_disk_between_entry_and_checkpoint_does_not_lock_the_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same process goes on after the disk has room again, and says what happened."""
    real, failures = os.fsync, [False, True]

    def fsync(handle: int) -> None:
        if failures and failures.pop(0):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Exception, match="No space left"):
        ledger.append("intent", "stops", {"run": "r1"})
    ledger.append("intent", "stops", {"run": "r2"})
    assert [(entry.kind, entry.body.get("run")) for entry in ledger.entries()][1:] == [
        ("recovery", None),
        ("intent", "r2"),
    ]
    assert verify(ledger.folder).good


def test_a_rotated_key_takes_over_and_the_old_one_is_refused(ledger: Ledger, tmp_path: Path, key: Path) -> None:
    """The change is signed by the old key; afterwards only the new one signs."""
    new = SigningKey.generate("city.example/ledger")
    new.save(tmp_path / "keys" / "new.key")
    ledger.rotate(new, " Планова заміна ключа\n")
    with pytest.raises(LedgerError, match="not the ledger's present key"):
        ledger.append("intent", "stops", {"run": "r1"})
    Ledger.open(tmp_path / "home", key=tmp_path / "keys" / "new.key").append("intent", "stops", {"run": "r1"})
    assert verify(ledger.folder).good
    assert verify(ledger.folder, key=str(SigningKey.load(key).verifier())).good
    stranger = SigningKey.generate("city.example/ledger")
    assert not verify(ledger.folder, key=str(stranger.verifier())).good


def test_an_interrupted_beginning_is_begun_again_and_a_ledger_never(tmp_path: Path, key: Path) -> None:
    """Killed before the first checkpoint, `create` works again; with a checkpoint or history it refuses."""
    home = tmp_path / "home"
    for left in (b"", b'{"half', b"one line\n"):
        (home / "ledger").mkdir(parents=True, exist_ok=True)
        (home / "ledger" / "entries.jsonl").write_bytes(left)
        ledger = Ledger.create(home, key=key)
        assert verify(ledger.folder).good
        with pytest.raises(LedgerError, match="left alone"):
            Ledger.create(home, key=key)
        ledger.checkpoint_file.unlink()
    (home / "ledger" / "entries.jsonl").write_bytes(b"one\ntwo\n")
    with pytest.raises(LedgerError, match="left alone"):
        Ledger.create(home, key=key)


def test_a_key_readable_by_others_is_refused(ledger: Ledger, key: Path) -> None:
    """The error names the mode and the remedy."""
    key.chmod(0o640)
    with pytest.raises(LedgerError, match="mode 640"):
        ledger.append("intent", "stops", {"run": "r1"})


def test_the_key_shows_in_no_repr_and_no_error(key: Path) -> None:
    """Neither repr nor a damaged file's error quotes key material."""
    material = key.read_text().strip().rsplit("+", 1)[1]
    assert material not in repr(SigningKey.load(key))
    key.write_text(f"PRIVATE+KEY+city.example/ledger+00000000+{material}")
    with pytest.raises(LedgerError) as refusal:
        SigningKey.load(key)
    assert material not in str(refusal.value)


def test_a_thousand_entries_stay_quick(ledger: Ledger) -> None:
    """Appending reads only what is new: the last hundred cost about what the first hundred cost."""
    for number in range(300):
        ledger.append("intent", "stops", {"run": f"r{number}"})
    assert sum(1 for _ in ledger.entries()) == 301
    assert ledger._known.offset == ledger.file.stat().st_size


def test_lines_are_plain_json(ledger: Ledger) -> None:
    """Any JSON reader can read the file."""
    ledger.append("exception", "stops", EXCEPTION)
    lines = [json.loads(line) for line in ledger.file.read_text(encoding="utf-8").splitlines()]
    assert [line["seq"] for line in lines] == [0, 1]
