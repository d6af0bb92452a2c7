"""Command line of the local portal; `vidkryto portal` calls the same commands."""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from vidkryto_portal import portal, session, snapshots
from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.places import Home

EXAMPLES = """examples:
  python -m vidkryto_portal up                        start on http://127.0.0.1:5155
  python -m vidkryto_portal up --port 5200 --json     another port; the answer as JSON
  python -m vidkryto_portal status
  python -m vidkryto_portal snapshot take clean       keep this state
  python -m vidkryto_portal snapshot restore clean    put it back in a moment
  python -m vidkryto_portal down                      stop; the data is kept
  python -m vidkryto_portal reset                     stop and wipe everything

exit codes: 0 done, 2 not done (the message says why and what to do)"""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", type=Path, help="the state folder (default: .vidkryto/portal beside portal/)")
    common.add_argument("--json", action="store_true", help="print the outcome as JSON on standard output")
    main_parser = argparse.ArgumentParser(
        prog="vidkryto_portal", description="A real CKAN on this machine.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = main_parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", parents=[common], help="start; what is up stays as it is")
    up.add_argument("--port", type=int, help="the web port on 127.0.0.1 (default: the last one used, else 5155)")
    up.add_argument("--throwaway", action="store_true", help="a new portal for tests: faster, not safe in a power cut")
    commands.add_parser("down", parents=[common], help="stop; the data is kept")
    commands.add_parser("status", parents=[common], help="what runs")
    commands.add_parser("reset", parents=[common], help="stop and wipe everything")
    snapshot = commands.add_parser("snapshot", parents=[common], help="keep a state, or put one back")
    snapshot.add_argument("what", choices=("take", "restore"))
    snapshot.add_argument("name", nargs="?", default="clean")
    tests = commands.add_parser("session", parents=[common], help="a portal for tests, until standard input ends")
    tests.add_argument("--port", type=int, default=0)
    tests.add_argument("--keep", action="store_true", help="leave the portal up when the input ends")
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; progress and messages on standard error. Returns the exit code."""
    options = parser().parse_args(arguments)
    home = Home.at(options.home) if options.home else Home.default()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.1f} s  {line}", file=sys.stderr, flush=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: tidy up as after Ctrl-C
    try:
        if options.command == "session":
            session.serve(home, options.port, sys.stdin, lambda line: print(line, flush=True), keep=options.keep)
            return 0
        answer = _run(options, home, say)
    except LocalPortalError as trouble:
        print(trouble, file=sys.stderr)
        if options.json:
            print(json.dumps({"error": trouble.message, "remedy": trouble.remedy}, ensure_ascii=False))
        return 2
    except (OSError, sqlite3.Error) as error:
        print(f"the portal's files cannot be used: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; `status` tells what runs", file=sys.stderr)
        return 2
    print(answer.as_json() if options.json else _for_people(answer))
    return 0


def _run(options: argparse.Namespace, home: Home, say: portal.Say) -> portal.Status:
    if options.command == "up":
        return portal.up(home, options.port, throwaway=options.throwaway, say=say)
    if options.command == "down":
        return portal.down(home, say=say)
    if options.command == "reset":
        return portal.reset(home, say=say)
    if options.command == "snapshot":
        {"take": snapshots.take, "restore": snapshots.restore}[options.what](home, options.name)
        say(f"snapshot {options.name}: {'taken' if options.what == 'take' else 'restored'}")
    return portal.status(home)


def _for_people(answer: portal.Status) -> str:
    if answer.state == "down":
        return "down"
    if answer.state == "partly":
        missing = ", ".join(name for name, pid in answer.programs.items() if pid is None) or "an answer from CKAN"
        return f"partly up; missing: {missing} (mend it with: vidkryto portal up)"
    return f"up  {answer.url}\nsign in as `sysadmin` or `editor`; passwords and tokens: {answer.home}"
