"""What must hold for the verifier: it finds every change, alone, without the rest of the program."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from vidkryto.archive import Archive
from vidkryto.record import Checkpoint, Ledger, SigningKey
from vidkryto.record.canonical import canonical
from vidkryto.record.cosigning import cosign_ledger
from vidkryto.record.merkle import leaf_hash, root_of
from vidkryto.record.run import Evidence, RunRecord
from vidkryto.record.verifier import TEXTS, main, verify

SCRIPT = Path(verify.__code__.co_filename)
DECISION = {"who": "data-office-1", "role": "Відділ даних", "reason": "Помилка в джерелі"}


@dataclass(frozen=True)
class City:
    """A state folder with history, and what an auditor kept of it elsewhere."""

    home: Path
    key: Path
    kept: Path
    older: tuple[tuple[bytes, bytes], ...]
    """Ledger and checkpoint as they lay there after each entry."""
    objects: tuple[str, ...]

    @property
    def entries(self) -> Path:
        return self.home / "ledger" / "entries.jsonl"

    @property
    def checkpoint(self) -> Path:
        return self.home / "ledger" / "checkpoint"

    def holds(self) -> bool:
        home = self.home
        try:
            return verify(home / "ledger", against=[str(self.kept)], objects=home / "objects", runs=home / "runs").good
        except UnicodeDecodeError:
            return False  # a checkpoint that is no text: exit code 2


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, record: RunRecord) -> City:
    """Forty entries over three datasets: runs with records and objects, decisions, a change of the key."""
    base = tmp_path_factory.mktemp("city")
    home, key, new = base / "home", base / "keys" / "one", base / "keys" / "two"
    SigningKey.generate("city.example/ledger").save(key)
    ledger, archive = Ledger.create(home, key=key), Archive(home / "objects")
    older, objects = [], []
    for number in range(12):
        dataset, run = ("stops", "parks", "budget")[number % 3], f"run-{number:02}"
        sha256 = archive.put_bytes(f"export {number}".encode())
        objects.append(sha256)
        kept = {"name": dataset, "sha256": sha256, "bytes": 9}
        objects.append(plan := archive.put_bytes(f"plan {number}".encode()))
        ledger.append("intent", dataset, {"run": run, "plan": plan, "snapshots": [kept]})
        ran = replace(record, dataset=dataset, run_id=run)
        entry = ledger.append(
            "result",
            dataset,
            {"run": run, "outcome": "Published", "record": ran.digest(), "findings": {"warning": number}},
        )
        replace(ran, evidence=Evidence(entry.seq, str(ledger.checkpoint()))).save(home)
        if number == 6:
            SigningKey.generate("city.example/ledger").save(new)
            ledger.rotate(SigningKey.load(new), "Планова заміна")
            ledger = Ledger.open(home, key=new)
        ledger.append("exception", dataset, {**DECISION, "findings": ["row-count-band"], "until": "2027-01-31"})
        older.append((ledger.file.read_bytes(), ledger.checkpoint_file.read_bytes()))
    auditor = base / "auditor.checkpoint"
    shutil.copy(ledger.checkpoint_file, auditor)
    return City(home, new, auditor, tuple(older), tuple(objects))


def test_an_honest_ledger_holds(city: City) -> None:
    """Nothing to find: 38 entries, 12 exports, 12 plans, 12 run records."""
    assert city.holds()


# Each of these changes the files as somebody with access to the disk, but without the key, could.
def flip(city: City, chance: random.Random) -> None:
    content = bytearray(city.entries.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    city.entries.write_bytes(content)


def delete(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    city.entries.write_bytes(b"".join(lines))


def swap(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines(keepends=True)
    one, two = chance.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]
    city.entries.write_bytes(b"".join(lines))


def truncate(city: City, chance: random.Random) -> None:
    content = city.entries.read_bytes()
    city.entries.write_bytes(content[: chance.randrange(len(content))])


def insert(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    city.entries.write_bytes(b"".join(lines))


def rechained(lines: list[bytes]) -> bytes:
    """The lines with numbers and hashes made right again, as a careful forger would."""
    prev, written = "0" * 64, b""
    for seq, line in enumerate(lines):
        value = {**json.loads(line), "seq": seq, "prev": prev}
        line = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        prev, written = hashlib.sha256(line).hexdigest(), written + line + b"\n"
    return written


def edit(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines()
    place = chance.randrange(len(lines))
    value = json.loads(lines[place])
    value[chance.choice(["dataset", "kind", "time"])] = "forged"
    lines[place] = json.dumps(value).encode()
    city.entries.write_bytes(rechained(lines))


def delete_and_rechain(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines()
    del lines[chance.randrange(len(lines))]
    city.entries.write_bytes(rechained(lines))


def append_without_key(city: City, chance: random.Random) -> None:
    lines = city.entries.read_bytes().splitlines()
    city.entries.write_bytes(rechained([*lines, chance.choice(lines[1:])]))


def roll_back(city: City, chance: random.Random) -> None:
    """Both files as they honestly were earlier: only the kept checkpoint shows it."""
    entries, checkpoint = chance.choice(city.older[:-1])
    city.entries.write_bytes(entries)
    city.checkpoint.write_bytes(checkpoint)


def older_checkpoint(city: City, chance: random.Random) -> None:
    city.checkpoint.write_bytes(chance.choice(city.older[:-1])[1])


def flip_checkpoint(city: City, chance: random.Random) -> None:
    content = bytearray(city.checkpoint.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    city.checkpoint.write_bytes(content)


def rewrite_with_key(city: City, chance: random.Random) -> None:
    """The holder of the key rewrites an entry and signs anew: only the kept checkpoint shows it."""
    lines = city.entries.read_bytes().splitlines()
    place = chance.randrange(23, len(lines))
    lines[place] = lines[place].replace(b'"dataset":"', b'"dataset":"x', 1)
    written = rechained(lines)
    city.entries.write_bytes(written)
    leaves = [leaf_hash(line) for line in written.splitlines()]
    signed = Checkpoint("city.example/ledger", len(leaves), root_of(leaves)).signed(SigningKey.load(city.key))
    city.checkpoint.write_text(str(signed), encoding="utf-8")


def begin_anew_with_another_key(city: City, chance: random.Random) -> None:
    """A whole new ledger of the same name, valid in itself: only the kept checkpoint shows it."""
    key = SigningKey.generate("city.example/ledger")
    body = {"action": "create", "origin": key.name, "key": str(key.verifier())}
    first = {"body": body, "dataset": "", "kind": "key", "time": "2026-01-01T00:00:00Z"}
    rest = [line for line in city.entries.read_bytes().splitlines()[1:] if b'"kind":"key"' not in line]
    chance.shuffle(rest)
    written = rechained([json.dumps(first).encode(), *rest])
    city.entries.write_bytes(written)
    leaves = [leaf_hash(line) for line in written.splitlines()]
    city.checkpoint.write_text(str(Checkpoint(key.name, len(leaves), root_of(leaves)).signed(key)), encoding="utf-8")


def change_object(city: City, chance: random.Random) -> None:
    file = Archive(city.home / "objects").path(chance.choice(city.objects))
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def lose_object(city: City, chance: random.Random) -> None:
    Archive(city.home / "objects").path(chance.choice(city.objects)).unlink()


def change_record(city: City, chance: random.Random) -> None:
    file = chance.choice(sorted((city.home / "runs").rglob("run.json")))
    record = RunRecord.load(file)
    replace(record, finished=f"2026-11-23T04:15:{chance.randrange(10, 60)}Z").save(city.home)


def change_evidence(city: City, chance: random.Random) -> None:
    """What a record says of its own place in the ledger, outside of its digest; the page prints it as the proof."""
    files = sorted((city.home / "runs").rglob("run.json"))
    record, other = (RunRecord.load(file) for file in chance.sample(files, 2))
    assert record.evidence is not None
    assert other.evidence is not None
    said = record.evidence
    lie = chance.choice(
        [
            replace(said, entry=said.entry + 1),
            replace(said, checkpoint=said.checkpoint.replace("city.", "town.")),
            replace(said, checkpoint=said.checkpoint[:-20] + "A" * 18 + "=\n"),
            replace(said, verify_command="true"),
            other.evidence,
        ]
    )
    replace(record, evidence=lie).save(city.home)


def forge_record(city: City, chance: random.Random) -> None:
    """A record of a run that never was: pages would be made from it."""
    record = RunRecord.load(chance.choice(sorted((city.home / "runs").rglob("run.json"))))
    proof = chance.choice([None, record.evidence])
    replace(record, run_id=f"run-{chance.randrange(100, 999)}", evidence=proof).save(city.home)


def lose_record(city: City, chance: random.Random) -> None:
    chance.choice(sorted((city.home / "runs").rglob("run.json"))).unlink()


def lose_archive(city: City, chance: random.Random) -> None:
    shutil.rmtree(city.home / "objects")


def lose_records(city: City, chance: random.Random) -> None:
    shutil.rmtree(city.home / "runs")


ATTACKS: list[Callable[[City, random.Random], None]] = [
    flip,
    delete,
    swap,
    truncate,
    insert,
    edit,
    delete_and_rechain,
    append_without_key,
    roll_back,
    older_checkpoint,
    flip_checkpoint,
    rewrite_with_key,
    begin_anew_with_another_key,
    change_object,
    lose_object,
    change_record,
    change_evidence,
    forge_record,
    lose_record,
    lose_archive,
    lose_records,
]


@pytest.mark.parametrize("times", [20, pytest.param(135, marks=pytest.mark.slow)])
def test_every_mutation_is_found(city: City, times: int) -> None:
    """21 kinds of change, up to 135 times each: of 2,835 mutations 100 % are found."""
    chance, missed, tried = random.Random(20261123), Counter[str](), 0
    pristine = {file: file.read_bytes() for file in sorted(city.home.rglob("*")) if file.is_file()}
    for attack in ATTACKS:
        for _ in range(times):
            attack(city, chance)
            there = {file: file.read_bytes() for file in city.home.rglob("*") if file.is_file()}
            changed = there != pristine
            tried += changed
            missed[attack.__name__] += changed and city.holds()
            for file, content in pristine.items():
                if there.get(file) != content:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
            for file in there.keys() - pristine.keys():
                file.unlink()
    assert sum(missed.values()) == 0, missed
    assert tried >= 20 * times
    assert city.holds()


def test_without_a_kept_checkpoint_the_verifier_says_what_it_cannot_see(city: City) -> None:
    """A rollback passes a purely local check, so its absence is said aloud."""
    report = verify(city.home / "ledger")
    assert report.good
    assert ("warning", "alone", {}) in report.lines


def test_a_withdrawn_object_may_be_gone(city: City, tmp_path: Path) -> None:
    """The withdrawal is the tombstone: the proof stays, the data goes."""
    home = tmp_path / "home"
    shutil.copytree(city.home, home)
    ledger = Ledger.open(home, key=city.key)
    ledger.append("withdrawal", "stops", {**DECISION, "objects": [city.objects[0]]})
    Archive(home / "objects").path(city.objects[0]).unlink()
    assert verify(home / "ledger", objects=home / "objects").good


def test_a_published_file_may_lie_with_its_release(city: City, tmp_path: Path) -> None:
    """Released files are looked for under their hash and with their release; a changed one is found."""
    home, content = tmp_path / "home", b"uid;label\n"
    shutil.copytree(city.home, home)
    sha256, release = hashlib.sha256(content).hexdigest(), {"version": "1.0.0", "sha256": "a" * 64}
    files = [{"name": "stops.csv", "sha256": sha256, "bytes": len(content)}]
    Ledger.open(home, key=city.key).append(
        "result", "stops", {"run": "r", "outcome": "Published", "release": release, "outputs": files}
    )
    assert not verify(home / "ledger", objects=home / "objects").good
    file = home / "releases" / "stops" / f"1.0.0-{'a' * 12}" / "stops.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert verify(home / "ledger", objects=home / "objects").good
    file.write_bytes(b"uid;labels\n")
    report = verify(home / "ledger", objects=home / "objects")
    assert [code for level, code, _ in report.lines if level == "failure"] == ["object-changed"]


def test_the_ledger_alone_is_said_to_be_alone(city: City, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without archive and records the check fails, unless the auditor says that the ledger is all there is."""
    shutil.copytree(city.home / "ledger", tmp_path / "ledger")
    assert main([str(tmp_path / "ledger")]) == 1
    told = capsys.readouterr().out
    assert "✗ no folder objects; files of it that the ledger names: 24" in told
    assert "✗ no folder runs; files of it that the ledger names: 12" in told
    assert main([str(tmp_path / "ledger"), "--ledger-only"]) == 0
    assert "! the ledger alone was checked" in capsys.readouterr().out


def test_a_record_of_another_ledger_is_counted_and_vouched_for_by_none(city: City, tmp_path: Path) -> None:
    """Workers who share their records have a ledger each; a record that names none, or this one, is a fault."""
    home, other = tmp_path / "home", SigningKey.generate("city.example/other-worker")
    shutil.copytree(city.home, home)
    record = RunRecord.load(next((home / "runs").rglob("run.json")))
    note = Checkpoint(other.name, 3, b"r" * 32).signed(other)
    replace(record, run_id="drawn", evidence=Evidence(2, str(note))).save(home)
    report = verify(home / "ledger", objects=home / "objects", runs=home / "runs")
    assert report.good
    assert ("warning", "records-of", {"count": 1}) in report.lines
    replace(record, run_id="drawn", evidence=None).save(home)
    assert not verify(home / "ledger", objects=home / "objects", runs=home / "runs").good


def test_a_pinned_key_is_one_that_signed(city: City, tmp_path: Path) -> None:
    """A stranger's ledger that merely names the city's key at its end, behind the checkpoint, is not the city's."""
    thief, pinned = SigningKey.generate("city.example/ledger"), str(SigningKey.load(city.key).verifier())
    thief.save(tmp_path / "thief")
    ledger = Ledger.create(tmp_path / "home", key=tmp_path / "thief")
    ledger.append("result", "stops", {"run": "r1", "outcome": "Withheld"})
    last = list(ledger.entries())[-1]
    claim = {"action": "rotate", "origin": thief.name, "key": pinned, "replaces": str(thief.verifier()), "reason": "x"}
    signed = thief.sign(canonical({**claim, "seq": 2, "prev": last.sha256}))
    body = {**claim, "signature": base64.b64encode(signed).decode()}
    entry = {"body": body, "dataset": "", "kind": "key", "prev": last.sha256, "seq": 2, "time": last.time}
    with ledger.file.open("ab") as stream:
        stream.write(canonical(entry) + b"\n")
    report = verify(ledger.folder, key=pinned, allow_uncovered=True)
    assert [code for level, code, _ in report.lines if level == "failure"] == ["key-other"]
    assert verify(city.home / "ledger", key=pinned).good


def test_a_second_office_cosigns_only_what_grew(city: City, tmp_path: Path) -> None:
    """After a rollback the office refuses; its kept checkpoint shows the rollback to anybody."""
    home, office = tmp_path / "home", SigningKey.generate("audit.example/office")
    shutil.copytree(city.home, home)
    report, file = cosign_ledger(home / "ledger", office, tmp_path / "kept", now=1_795_000_000)
    assert report.good
    assert file is not None
    assert verify(home / "ledger", witnesses=[str(office.verifier(4))]).good
    assert not verify(home / "ledger", witnesses=[str(SigningKey.generate("audit.example/office").verifier(4))]).good
    entries, checkpoint = city.older[3]
    (home / "ledger" / "entries.jsonl").write_bytes(entries)
    (home / "ledger" / "checkpoint").write_bytes(checkpoint)
    shutil.rmtree(home / "ledger" / "cosigned")
    report, signed = cosign_ledger(home / "ledger", office, tmp_path / "kept", now=1_795_000_100)
    assert signed is None
    assert [code for level, code, _ in report.lines if level == "failure"] == ["shorter"]


def test_a_rotation_not_signed_by_the_old_key_is_found(city: City, tmp_path: Path) -> None:
    """A thief with a new key of his own cannot take the ledger over, even where nobody kept a checkpoint."""
    home, thief = tmp_path / "home", SigningKey.generate("city.example/ledger")
    shutil.copytree(city.home, home)
    lines = (home / "ledger" / "entries.jsonl").read_bytes().splitlines()
    place = next(number for number, line in enumerate(lines) if b'"action":"rotate"' in line)
    value = json.loads(lines[place])
    value["body"]["key"] = str(thief.verifier())
    value["body"]["signature"] = base64.b64encode(thief.sign(b"anything")).decode()
    lines[place] = json.dumps(value).encode()
    written = rechained(lines)
    (home / "ledger" / "entries.jsonl").write_bytes(written)
    leaves = [leaf_hash(line) for line in written.splitlines()]
    signed = Checkpoint(thief.name, len(leaves), root_of(leaves)).signed(thief)
    (home / "ledger" / "checkpoint").write_text(str(signed), encoding="utf-8")
    report = verify(home / "ledger")
    assert [code for level, code, _ in report.lines if level == "failure"] == ["key-change"]


@pytest.mark.parametrize(("language", "said"), [("uk", "ЖУРНАЛ ДІЙСНИЙ"), ("en", "THE LEDGER HOLDS")])
def test_the_verifier_runs_alone(city: City, tmp_path: Path, language: str, said: str) -> None:
    """Copied elsewhere and run by an isolated Python, it needs none of the program's modules."""
    alone = tmp_path / "verifier.py"
    shutil.copy(SCRIPT, alone)
    done = subprocess.run(
        [sys.executable, "-I", str(alone), str(city.home / "ledger"), "--against", str(city.kept), "--lang", language],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == said


def test_the_exit_code_tells_broken_from_unreadable(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 for a ledger that does not hold, 2 for one that is not there."""
    home = tmp_path / "home"
    shutil.copytree(city.home, home)
    (home / "ledger" / "entries.jsonl").write_bytes(city.older[0][0])
    assert main([str(home / "ledger"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["good"] is False
    assert main([str(tmp_path / "nowhere")]) == 2


def test_every_text_is_in_both_languages_with_the_same_places() -> None:
    """Ukrainian and English name the same values."""
    for code, (ukrainian, english) in TEXTS.items():
        places = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (ukrainian, english)]
        assert places[0] == places[1], code


def test_the_verifier_is_short_and_needs_cryptography_alone() -> None:
    """Readable in a quarter of an hour: 540 lines at the most, one library beyond Python's own."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    roots = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert len(lines) <= 550
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}
