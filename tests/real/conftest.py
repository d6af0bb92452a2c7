"""Where the real exports lie; without them these tests have nothing to read and say so."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def exports() -> Path:
    """The folder of real exports beside the repository."""
    folder = Path(__file__).parents[3] / "shared" / "exports"
    if not folder.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    return folder
