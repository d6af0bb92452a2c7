"""A night in which nothing changed costs one request a dataset, and whoever touched the dataset's page is noticed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.pipeline.conftest import EXPORT, City
from tests.pipeline.test_pipeline import contract
from tests.support.local_portal import LocalPortal
from vidkryto.pipeline.glance import NIGHTS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city whose dataset is published."""
    city = make_city(f"glance-{next(_numbers)}", contract())
    city.export(EXPORT)
    assert city.run().outcome == "Published"
    return city


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The actions that the portal is asked for."""
    seen: list[str] = []
    original = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: Any, *rest: Any, **more: Any) -> Any:
        seen.append(str(request.url).split("/action/")[-1].split("?")[0])
        return original(self, request, *rest, **more)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return seen


def edit(portal: LocalPortal, city: City, **fields: Any) -> None:
    """What an editor does by hand in CKAN's form."""
    answer = requests.post(
        f"{portal.url}/api/3/action/package_patch",
        json={"id": city.folder.name, **fields},
        headers={"Authorization": portal.editor_token},
        timeout=60,
    )
    assert answer.ok, answer.text


def test_an_unchanged_night_asks_once_and_every_seventh_compares_in_full(city: City, asked: list[str]) -> None:
    """Fewer than three requests a dataset on six nights of seven."""
    assert city.run().outcome == "Unchanged"
    assert len(asked) > 3
    for _ in range(NIGHTS):
        asked.clear()
        assert city.run().outcome == "Unchanged"
        assert asked == ["package_show"]
    asked.clear()
    assert city.run().outcome == "Unchanged"
    assert len(asked) > 3


def test_a_hand_edit_of_the_page_is_noticed_and_mended(city: City, portal_session: LocalPortal) -> None:
    """The page differs from the one remembered, so everything is compared and put right."""
    assert city.run().outcome == "Unchanged"
    assert city.run().outcome == "Unchanged"
    edit(portal_session, city, title="Somebody was here")
    assert city.run().outcome == "Published"
    assert city.run().outcome == "Unchanged"


def test_a_dataset_hidden_by_hand_is_not_called_unchanged(city: City, portal_session: LocalPortal) -> None:
    """Nobody sees it, whatever its hash."""
    assert city.run().outcome == "Unchanged"
    edit(portal_session, city, private=True)
    assert city.run().outcome == "Published"


def test_a_damaged_note_only_costs_a_comparison(city: City, asked: list[str]) -> None:
    """The note is a shortcut and never evidence."""
    assert city.run().outcome == "Unchanged"
    note = city.settings.home / "glances" / f"{city.folder.name}.json"
    for damage in ("", "[1, 2]", '{"left": 5}'):
        note.write_text(damage, encoding="utf-8")
        asked.clear()
        assert city.run().outcome == "Unchanged"
        assert len(asked) > 3
