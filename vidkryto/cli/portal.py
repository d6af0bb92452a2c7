"""vidkryto portal up | down | status | reset: the real CKAN on this machine, run in its own environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from vidkryto.cli.common import Json, say, settings

app = typer.Typer(
    help="A real CKAN on this machine, for trying, rehearsing and testing.", no_args_is_help=True, rich_markup_mode=None
)
Port = Annotated[int | None, typer.Option(help="The port on 127.0.0.1; the one used last, else 5155.")]


@app.command(epilog="Example: vidkryto portal up --port 5200")
def up(port: Port = None, json: Json = False) -> None:
    """Start the portal; where it is up already, nothing changes. The first start takes some ten seconds.

    Exit code 2 when it cannot start, such as when the port is taken: the message says by whom and what to do.
    """
    _finish("up", *([] if port is None else ["--port", str(port)]), json=json)


@app.command(epilog="Example: vidkryto portal down")
def down(json: Json = False) -> None:
    """Stop the portal; its data is kept."""
    _finish("down", json=json)


@app.command(epilog="Example: vidkryto portal status --json")
def status(json: Json = False) -> None:
    """Say what runs and where. Exit code 0 whether the portal is up or down."""
    _finish("status", json=json)


@app.command(epilog="Example: vidkryto portal reset --yes")
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Stop the portal and wipe its data, users, tokens and settings. Nothing can be brought back."""
    if not yes and sys.stdin.isatty():
        typer.confirm(say("Wipe the local portal and all its data?"), abort=True, err=True)
    _finish("reset", json=json)


def run(command: str, *options: str, capture: bool = False) -> tuple[int, str]:
    """Run one command of the portal's own program; its progress goes to stderr.

    Returns exit code and, with `capture`, what it printed on stdout.
    Raises PortalError when the environment is missing.
    """
    from vidkryto.errors import PortalError

    folder = Path(__file__).resolve().parents[2] / "portal"
    python = folder / ".venv" / "bin" / "python"
    if not python.exists():
        raise PortalError(f"the local portal's environment is missing: {python}", remedy="Run: make setup")
    home = settings().home / "portal"
    process = subprocess.Popen(
        [str(python), "-P", "-m", "vidkryto_portal", command, "--home", str(home), *options],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE if capture else None,
        text=True,
    )
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # who has a handler of his own must hear of it
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the portal's program, which then tidies up
    try:
        output, _ = process.communicate()
    finally:
        signal.signal(signal.SIGINT, before)
    return process.returncode, output or ""


def _finish(command: str, *options: str, json: bool) -> None:
    code, _ = run(command, *options, *(["--json"] if json else []))
    raise typer.Exit(code)
