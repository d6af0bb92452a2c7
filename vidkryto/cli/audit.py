"""`vidkryto audit`: create the ledger's key, verify the ledger, cosign it, read it."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from vidkryto.errors import VidkrytoError
from vidkryto.language import say
from vidkryto.settings import Settings

if TYPE_CHECKING:
    from vidkryto.pipeline.reproduce import Reproduction

app = typer.Typer(help="The signed ledger: create, verify, cosign, read.", no_args_is_help=True)

KeyOption = Annotated[
    Path | None, typer.Option("--key", help="The key file; default VIDKRYTO_AUDIT_KEY, else your configuration folder.")
]
LanguageOption = Annotated[str, typer.Option("--lang", help="uk or en; default as the settings say.")]


def _fail(error: Exception, code: int = 2) -> NoReturn:
    typer.echo(error.told() if isinstance(error, VidkrytoError) else str(error), err=True)
    raise typer.Exit(code)


@app.command()
def init(
    key: KeyOption = None,
    origin: Annotated[str, typer.Option(help="The ledger's name, for ever: an address without https://.")] = "",
    if_absent: Annotated[bool, typer.Option("--if-absent", help="Say nothing when key and ledger are there.")] = False,
    practice: Annotated[
        bool, typer.Option("--practice", help="For trying out: the key may lie inside the repository.")
    ] = False,
) -> None:
    """Create the signing key (once, outside the repository) and the ledger.

    Example: vidkryto audit init --origin opendata.example.gov.ua/ledger
    """
    from vidkryto.record import Ledger, SigningKey, key_file

    home, file = Settings.from_environment().home, (key or key_file()).expanduser().absolute()
    try:
        if not practice and (inside := _repository_of(file)):
            raise VidkrytoError(
                f"the key file {file} would lie inside the repository {inside}",
                remedy="Name a file elsewhere with --key; for a rehearsal add --practice.",
            )
        if not (if_absent and file.is_file()):
            name = origin or f"vidkryto{'-practice' if practice else ''}/{secrets.token_hex(4)}"
            SigningKey.generate(name).save(file)
        if not (if_absent and (home / "ledger" / "checkpoint").is_file()):
            Ledger.create(home, key=file)
    except VidkrytoError as error:
        _fail(error)
    public = SigningKey.load(file).verifier()
    typer.echo(say("Key: {file}", file=file), err=True)
    typer.echo(say("Keep a copy of it in a safe. Give this public key to your auditors:"), err=True)
    typer.echo(str(public))


def _repository_of(file: Path) -> Path | None:
    return next((folder for folder in file.resolve().parents if (folder / ".git").exists()), None)


@app.command()
def verify(
    ledger: Annotated[Path | None, typer.Argument(help="The ledger's folder; default VIDKRYTO_HOME/ledger.")] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="A checkpoint kept elsewhere: a file or an address. Repeatable.")
    ] = None,
    key: Annotated[str, typer.Option(help="The public key you were given: name+id+key.")] = "",
    witness: Annotated[list[str] | None, typer.Option(help="A cosigner's key that must have signed.")] = None,
    only: Annotated[str, typer.Option(help="A dataset or a run: files of others are not looked for.")] = "",
    ledger_only: Annotated[
        bool, typer.Option("--ledger-only", help="You hold the ledger alone: look for no files and no run records.")
    ] = False,
    allow_uncovered: Annotated[bool, typer.Option(help="Entries after the checkpoint only warn.")] = False,
    portal: Annotated[
        bool, typer.Option("--portal", help="Also download what the portal gives out now; uses the network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
    lang: LanguageOption = "",
) -> None:
    """Check the ledger offline. Exit code: 0 it holds, 1 it does not, 2 it could not be checked.

    Example: vidkryto audit verify --against checkpoint-of-last-month
    """
    from vidkryto.record import verifier

    settings = Settings.from_environment()
    arguments = [str(ledger or settings.home / "ledger"), "--lang", lang or settings.language]
    arguments += [part for place in against or [] for part in ("--against", place)]
    arguments += [part for cosigner in witness or [] for part in ("--witness", cosigner)]
    arguments += ["--key", key] if key else []
    arguments += ["--only", only] if only else []
    arguments += ["--ledger-only"] if ledger_only else []
    arguments += ["--allow-uncovered"] if allow_uncovered else []
    arguments += ["--json"] if as_json else []
    code = verifier.main(arguments)
    if portal:
        home = ledger.absolute().parent if ledger else settings.home
        code = max(code, _verify_portal(home, as_json=as_json))
    raise typer.Exit(code)


def _verify_portal(home: Path, *, as_json: bool) -> int:
    """Tell of each public file whether the portal gives the bytes of the ledger; 1 if one differs."""
    from dataclasses import asdict

    from vidkryto.record.portal_files import check_portal

    differing = 0
    try:
        for file in check_portal(home):
            differing += not file.same
            if as_json:
                typer.echo(json.dumps({"same": file.same, **asdict(file)}, ensure_ascii=False))
            else:
                typer.echo(f"{'✓' if file.same else '✗'} {file.dataset} {file.name} {file.url} {file.problem}".rstrip())
    except VidkrytoError as error:
        _fail(error)
    return 1 if differing else 0


@app.command("verify-copy")
def verify_copy(
    entries: Annotated[str, typer.Argument(help="The published table of entries: a CSV file or its address.")],
    checkpoints: Annotated[str, typer.Argument(help="The published table of checkpoints, of today or of any day.")],
    key: Annotated[str, typer.Option(help="The public key you were given: name+id+key.")] = "",
    lang: LanguageOption = "",
) -> None:
    """Check the copy of the ledger that the portal publishes, without access to the ledger. Exit codes as of verify.

    With checkpoints that you kept from an earlier day it shows whether history was rewritten since.

    Example: vidkryto audit verify-copy entries.csv checkpoints.csv
    """
    from vidkryto.record.public_copy import check_copy
    from vidkryto.record.verifier import fetch

    try:
        report = check_copy(fetch(entries), fetch(checkpoints), key=key)
    except (OSError, ValueError, KeyError) as error:
        _fail(error)
    typer.echo(report.text(lang or Settings.from_environment().language))
    raise typer.Exit(0 if report.good else 1)


@app.command()
def cosign(
    key: Annotated[Path, typer.Option(help="The second office's own key file.")],
    kept: Annotated[Path, typer.Option(help="Where this office keeps the checkpoints that it signed.")],
    ledger: Annotated[Path | None, typer.Argument(help="The ledger's folder; default VIDKRYTO_HOME/ledger.")] = None,
    log_key: Annotated[str, typer.Option(help="The ledger's public key as this office was given it.")] = "",
    name: Annotated[str, typer.Option(help="Create the office's key under this name if the file is absent.")] = "",
    lang: LanguageOption = "",
) -> None:
    """A second office checks that the ledger only grew since it last looked, and signs that.

    Example: vidkryto audit cosign --key ~/office.key --kept ~/kept --name audit.example/office
    """
    from vidkryto.record import SigningKey
    from vidkryto.record.cosigning import cosign_ledger

    settings = Settings.from_environment()
    try:
        if name and not key.exists():
            SigningKey.generate(name).save(key)
        signer = SigningKey.load(key)
        report, file = cosign_ledger(
            ledger or settings.home / "ledger", signer, kept, log_key=log_key, now=int(time.time())
        )
    except (VidkrytoError, OSError) as error:
        _fail(error)
    typer.echo(report.text(lang or settings.language), err=True)
    if file is None:
        raise typer.Exit(1)
    typer.echo(str(file))


@app.command()
def rotate(
    new_key: Annotated[Path, typer.Option(help="A new file for the new key.")],
    reason: Annotated[str, typer.Option(help="Why, in words without personal data.")],
    key: KeyOption = None,
) -> None:
    """Hand the ledger over to a new key; the present key signs the change.

    Example: vidkryto audit rotate --new-key ~/audit-2027.key --reason "yearly change"
    """
    from vidkryto.record import Ledger, SigningKey, key_file

    try:
        old = SigningKey.load(key or key_file())
        new = SigningKey.generate(old.name)
        new.save(new_key)
        Ledger.open(Settings.from_environment().home, key=key).rotate(new, reason)
    except VidkrytoError as error:
        _fail(error)
    words = "From now on set VIDKRYTO_AUDIT_KEY={key}; keep the old key, destroy no copy yet."
    typer.echo(say(words, key=new_key), err=True)
    typer.echo(str(new.verifier()))


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A dataset or a run.")],
    to: Annotated[Path, typer.Option(help="A new folder, or a file ending in .zip.")],
    lang: LanguageOption = "",
) -> None:
    """Everything about a dataset or a run in one place that an auditor can take away and check alone.

    Example: vidkryto audit export public-transport-stops --to evidence.zip
    """
    from vidkryto.report.evidence import export_evidence

    settings = Settings.from_environment()
    try:
        pack = export_evidence(settings.home, name, to)
    except (VidkrytoError, OSError) as error:
        _fail(error)
    warning = "The pack holds exports as they were received: guard it as you guard the exports."
    typer.echo(say(warning, "uk" if (lang or settings.language) == "uk" else "en"), err=True)
    typer.echo(str(pack))


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(help="A run that published.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every run that published.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The verdicts as JSON lines on stdout.")] = False,
) -> None:
    """Make the release of a run again from the archived exports and compare every file byte for byte.

    Exit code 0: all files are the same; 1: one differs; 2: one could not be made.

    Example: vidkryto audit reproduce 20261123T150047Z-b2b13e46
    """
    from vidkryto.pipeline.reproduce import published_runs
    from vidkryto.pipeline.reproduce import reproduce as make_again

    if bool(run) == every:
        _fail(VidkrytoError("name one run, or say --all", remedy="See `vidkryto audit log`."))
    settings = Settings.from_environment()
    code, files, differing = 0, 0, 0
    try:
        runs = published_runs(settings) if every else (run,)
    except VidkrytoError as error:
        _fail(error)
    for name in runs:
        try:
            found = make_again(settings, name)
        except VidkrytoError as error:
            typer.echo(error.told(), err=True)
            code = 2
            continue
        files += len(found.files)
        differing += sum(not file.same for file in found.files)
        code = max(code, 0 if found.same else 1)
        _tell_reproduction(found, as_json=as_json)
    if every:
        words = "{runs} runs, {files} files, {differing} of them differ."
        typer.echo(say(words, runs=len(runs), files=files, differing=differing), err=True)
    raise typer.Exit(code)


def _tell_reproduction(found: Reproduction, *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        typer.echo(json.dumps({"same": found.same, **asdict(found)}, ensure_ascii=False))
    else:
        for file in found.files:
            recorded, now = file.recorded or "—", file.found or "—"
            typer.echo(f"{'✓' if file.same else '✗'} {found.dataset}/{file.name}  {recorded}  {now}")
    if not found.same:
        typer.echo(_why_different(found), err=True)


def _why_different(found: Reproduction) -> str:
    """What is another than on the day of the run, and so the first thing to look at."""
    if found.changed:
        words = {
            "deny-lists": "The deny lists are not those of the run: that alone makes files differ. Repeat this with the"
            " lists of that day (VIDKRYTO_DENY_LISTS).",
            "salt": "The salt is not that of the run: that alone makes files differ. Repeat this with the salt of that"
            " day (VIDKRYTO_SALT).",
        }
        return "\n".join(say(words[part]) for part in found.changed)
    if found.code_then != found.code_now:
        words_of_code = (
            "The run was made by program version {then}, this is {now}. Before you suspect the files, repeat this with"
            " the program as it was on the day of the run."
        )
        return say(words_of_code, then=found.code_then, now=found.code_now)
    if found.changed is None:
        return say(
            "The program is that of the run; which deny lists and salt it used was not kept. Compare them before you"
            " suspect the files."
        )
    return say(
        "Program, rules, deny lists and salt are those of the run: look at the exports in the archive"
        " (vidkryto audit verify) and at the libraries installed."
    )


@app.command()
def log(
    dataset: Annotated[str, typer.Argument(help="Only this dataset.")] = "",
    last: Annotated[int, typer.Option(help="How many entries.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The entries as JSON lines.")] = False,
) -> None:
    """The last entries, newest first.

    Example: vidkryto audit log public-transport-stops --last 5
    """
    from vidkryto.record import Ledger

    try:
        entries = [
            entry for entry in Ledger.open(Settings.from_environment().home).entries() if dataset in ("", entry.dataset)
        ]
    except VidkrytoError as error:
        _fail(error)
    for entry in entries[-last:][::-1]:
        said = entry.body.get("outcome") or entry.body.get("decision") or entry.body.get("action") or ""
        typer.echo(
            entry.line.decode()
            if as_json
            else f"{entry.seq:>6}  {entry.time}  {entry.kind:<10}  {entry.dataset:<40}  {said}"
        )


@app.command()
def show(seq: Annotated[int, typer.Argument(help="The entry's number.")]) -> None:
    """One entry in full, with its proof of inclusion (C2SP tlog-proof).

    Example: vidkryto audit show 12
    """
    from vidkryto.record import Ledger

    try:
        ledger = Ledger.open(Settings.from_environment().home)
        entry = next((entry for entry in ledger.entries() if entry.seq == seq), None)
        if entry is None:
            raise VidkrytoError(f"there is no entry {seq}", remedy="See `vidkryto audit log`.")
        typer.echo(json.dumps(json.loads(entry.line), ensure_ascii=False, indent=2))
        typer.echo(ledger.proof(seq))
    except VidkrytoError as error:
        _fail(error)


@app.command()
def checkpoint() -> None:
    """The last signed checkpoint, for keeping elsewhere.

    Example: vidkryto audit checkpoint > /media/safe/checkpoint-2026-11
    """
    from vidkryto.record import Ledger

    try:
        typer.echo(str(Ledger.open(Settings.from_environment().home).checkpoint()), nl=False)
    except VidkrytoError as error:
        _fail(error)
