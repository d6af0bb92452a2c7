"""A real portal for the tests of publishing, seen with an editor's token."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.local_portal import LocalPortal
from vidkryto.plan.make import PlanSettings, make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal, Patience
from vidkryto.publish.receipt import Receipt
from vidkryto.release.value import Release
from vidkryto.settings import Secret

QUICK = Patience(connect=5, read=60, attempts=4, pause=0.05, longest=0.2)
_numbers = itertools.count(1)


@pytest.fixture
def portal(portal_session: LocalPortal) -> CkanPortal:
    """The portal as an editor of the organisation sees it."""
    return CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)


@pytest.fixture
def dataset() -> str:
    """A name that no other test uses."""
    return f"public-transport-{next(_numbers)}-stops"


@pytest.fixture
def publish(portal: CkanPortal) -> Callable[[Release], Receipt]:
    """Plan and apply, as the pipeline does after approval."""

    def run(release: Release, settings: PlanSettings | None = None) -> Receipt:
        return apply(make_plan(release, portal, settings), release, portal, Applying(pause=0.05))

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where releases are written."""
    return tmp_path
