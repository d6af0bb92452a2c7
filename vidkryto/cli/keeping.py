"""`vidkryto gc`, `vidkryto backup`, `vidkryto recover`: keep the state folder small and safe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings

COLUMNS = ("place", "path", "bytes", "rule")


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Remove releases and exports older than `publication.retention`, never what a live release or the ledger needs.

    Example: vidkryto gc --dry-run
    """
    from dataclasses import asdict

    from vidkryto.keeping.gc import collect, garbage

    chosen = settings()
    found = garbage(chosen)
    if as_json:
        print_json([asdict(item) for item in found])
    else:
        print_table(COLUMNS, [(say(item.place), item.path, item.bytes, say(item.rule)) for item in found])
    if not dry_run:
        people().print(say("{mebibytes} MiB freed", mebibytes=f"{collect(chosen, found) / (1 << 20):.1f}"))


def backup(
    target: Annotated[str, typer.Argument(help="A folder or an fsspec address: s3://bucket/vidkryto.")],
) -> None:
    """Copy the state folder; a second backup copies what is new only.

    Example: vidkryto backup /mnt/backup/vidkryto
    """
    from vidkryto.keeping.backup import back_up

    done = back_up(settings(), target)
    people().print(say("{files} files, {copied} of them new", files=done.files, copied=done.copied))


def recover(
    source: Annotated[str, typer.Argument(help="Where `vidkryto backup` wrote.")],
    to: Annotated[Path, typer.Option("--to", help="The new state folder: empty or absent.")],
) -> None:
    """Put a backup into a new state folder; every file is checked by its hash.

    Example: vidkryto recover /mnt/backup/vidkryto --to /srv/vidkryto/state
    """
    from vidkryto.keeping.backup import restore

    files = restore(source, to.absolute())
    people().print(say("{files} files put back; now run: vidkryto audit verify", files=files))
