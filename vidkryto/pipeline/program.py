"""Which program ran: its version and, in a checkout, its commit."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from pathlib import Path

from vidkryto import __version__


@cache
def code() -> dict[str, str]:
    """What the ledger says about the program: version, Python and, where it runs from a checkout, the commit.

    A checkout with changes that are not committed ends in `-dirty`: such a run cannot be made again by anybody.
    """
    commit = _commit(Path(__file__).parents[2])
    return {"version": __version__, "python": platform.python_version(), **({"commit": commit} if commit else {})}


def _commit(root: Path) -> str:
    if not (root / ".git").exists():
        return ""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "vidkryto")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{head}-dirty" if changed else head


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()
