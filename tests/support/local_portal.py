"""A real CKAN for tests: started once for a session, put back to its first state between tests, gone at the end.

In a conftest.py:  from tests.support.local_portal import local_portal, portal_session  # noqa: F401  # fixtures

`portal_session` is the portal for the whole run, or for each process of it; `local_portal` is the same one, fresh for
each test (some 0.2 s).
VIDKRYTO_TEST_PORTAL=FOLDER keeps a portal there from one run to the next, which saves developers the start.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "portal"


@dataclass(frozen=True, slots=True)
class LocalPortal:
    """A running portal and what a test needs to know of it."""

    url: str
    home: Path
    organization: str
    editor_token: str = field(repr=False)
    sysadmin_token: str = field(repr=False)
    _process: subprocess.Popen[str] = field(repr=False)

    def reset(self, snapshot: str = "") -> None:
        """Put back the first state, or a snapshot of this name."""
        self._ask(f"restore {snapshot}")

    def snapshot(self, name: str) -> None:
        """Keep the present state under a name (a-z, 0-9, _)."""
        self._ask(f"snapshot {name}")

    def _ask(self, request: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        answer = _answer(self._process)
        assert not answer, f"the portal did not do {request!r}: {answer}"


def portal_python() -> Path:
    """The interpreter of the portal's environment; fails the test where there is none."""
    python = FOLDER / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"the portal's environment is missing: {python}; run make setup", pytrace=False)
    return python


def start_portal(home: Path, *, keep: bool = False) -> LocalPortal:
    """Start a portal that ends with `stop_portal`, or when this process ends in whatever way."""
    process = subprocess.Popen(
        [
            str(portal_python()),
            "-P",
            "-m",
            "vidkryto_portal",
            "session",
            "--home",
            str(home),
            *(["--keep"] if keep else []),
        ],
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C in the terminal is pytest's; the portal ends when its input does
    )
    status = _answer(process)
    return LocalPortal(
        url=status["url"],
        home=home,
        organization=status["organization"],
        editor_token=Path(status["editor_token_file"]).read_text(encoding="utf-8").strip(),
        sysadmin_token=Path(status["sysadmin_token_file"]).read_text(encoding="utf-8").strip(),
        _process=process,
    )


def stop_portal(portal: LocalPortal) -> None:
    """End the session and wait until everything is gone."""
    process = portal._process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(timeout=60)
        pytest.fail("the local portal did not start; its message is on standard error", pytrace=False)
    answer: dict[str, Any] = json.loads(line)
    return answer


@pytest.fixture(scope="session")
def portal_session() -> Iterator[LocalPortal]:
    """The session's portal, as the tests before left it."""
    kept = os.environ.get("VIDKRYTO_TEST_PORTAL", "")
    if kept and (process := os.environ.get("PYTEST_XDIST_WORKER")):
        kept = f"{kept}-{process}"
    with tempfile.TemporaryDirectory(prefix="vidkryto-portal-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101  # under root, PostgreSQL's user must pass
        portal = start_portal(Path(kept or Path(folder) / "home"), keep=bool(kept))
        try:
            yield portal
        finally:
            stop_portal(portal)


@pytest.fixture
def local_portal(portal_session: LocalPortal) -> LocalPortal:
    """The session's portal in its first state: an organisation, an editor, a sysadmin, and no dataset."""
    portal_session.reset()
    return portal_session
