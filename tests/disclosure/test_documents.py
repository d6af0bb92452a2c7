"""The documents name everything the code knows, and the measured table of canaries is the planted one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.disclosure.canaries import plant
from vidkryto.catalogue.classes import Action, ClassName
from vidkryto.disclosure.detectors import KINDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_names_every_class_action_and_kind() -> None:
    """A kind that is not documented cannot be excepted by anybody."""
    page = (DOCS / "reference" / "disclosure.md").read_text(encoding="utf-8")
    for name in (
        *ClassName,
        *(action for action in Action if action is not Action.KEEP),
        *(kind.name for kind in KINDS),
    ):
        assert f"`{name}`" in page or f"`action: {name}`" in page, name
    assert all(kind.en in page for kind in KINDS)


def test_the_table_of_canaries_counts_what_is_planted() -> None:
    """The numbers of the page are the numbers of the test."""
    page = (DOCS / "explanation" / "disclosure.md").read_text(encoding="utf-8")
    lines = [
        line.split("|")[2].strip()
        for line in page.split("### Canaries by place")[1].splitlines()
        if line.startswith("| ")
    ]
    planted = Counter(canary.place for canary in plant())
    assert sorted(int(count) for count in lines if count.isdigit()) == sorted(planted.values())
