"""Fixtures of all tests: one real portal and one real browser for the whole session."""

import os
import time
from collections.abc import Iterator

import pytest

os.environ["OPENPYXL_LXML"] = "False"  # where lxml is installed openpyxl writes other bytes

from tests.support.browser import chromium, modules
from tests.support.local_portal import local_portal, portal_session

__all__ = ["chromium", "local_portal", "modules", "portal_session"]

_began = time.monotonic()
_language = os.environ.get("VIDKRYTO_LANGUAGE")


@pytest.fixture(autouse=True)
def speaks_as_at_the_start() -> Iterator[None]:
    """`--lang` chooses for the whole process: the next test, whichever it is, must not hear of it."""
    _speak()
    yield
    _speak()


def _speak() -> None:
    os.environ.pop("VIDKRYTO_LANGUAGE", None)
    if _language is not None:
        os.environ["VIDKRYTO_LANGUAGE"] = _language


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--start-within SECONDS` is for a machine whose time is limited."""
    parser.addoption(
        "--start-within",
        metavar="SECONDS",
        type=float,
        default=None,
        help="start no test later than this; those with the least time of their own come first, the rest is left out",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where time is limited, the tests that may take longest come last."""
    if config.getoption("--start-within") is not None:
        items.sort(key=_seconds)


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0] if mark else item.config.getini("timeout"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out, by name, what would begin too late."""
    limit = item.config.getoption("--start-within")
    if limit is not None and time.monotonic() - _began > limit:
        pytest.skip(f"left out, the time is used up: {item.nodeid}")
