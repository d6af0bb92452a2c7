"""The block of the contract: six classes, their safe defaults, and what counts as a step towards open."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from vidkryto.catalogue.classes import Action, ClassName, ColumnClass, DisclosureRules, towards_open


def column(written: object) -> ColumnClass:
    return ColumnClass.model_validate(written)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("open", ClassName.OPEN),
        ("quasi", ClassName.QUASI),
        ("quasi-identifier", ClassName.QUASI),
        ("Quasi identifier", ClassName.QUASI),
        ("geographic", ClassName.GEO),
        ("free text", ClassName.FREE_TEXT),
        ("free_text", ClassName.FREE_TEXT),
        ("direct identifier", ClassName.IDENTIFIER),
        ({"class": "sensitive"}, ClassName.SENSITIVE),
    ],
)
def test_a_class_is_written_short_or_long(written: object, name: ClassName) -> None:
    """Bare word or block, the name of the contract or of the literature."""
    assert column(written).name is name


def test_a_bare_class_means_the_safe_choice() -> None:
    """Identifiers and sensitive columns are dropped, free text blocks, the rest is kept."""
    defaults = {name: column(name.value).effective_action for name in ClassName}
    assert defaults == {
        ClassName.OPEN: Action.KEEP,
        ClassName.IDENTIFIER: Action.DROP,
        ClassName.QUASI: Action.KEEP,
        ClassName.SENSITIVE: Action.DROP,
        ClassName.GEO: Action.KEEP,
        ClassName.FREE_TEXT: Action.BLOCK,
    }


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"class": "identifier", "action": "keep"}, "cannot be keep"),
        ({"class": "open", "action": "hash"}, "cannot be hash"),
        ({"class": "open", "snap": {"grid": "250 m", "with": "lon"}}, "snap is for columns of class geo"),
        ({"class": "quasi", "round": 5, "top_code": {"above": 9}}, "at most one"),
        ({"class": "quasi", "action": "drop", "round": 5}, "nothing to transform"),
        ({"class": "quasi", "generalise": {"age_band": 10, "date": "month"}}, "exactly one"),
        ({"class": "identifier", "round": 5}, "cannot be transformed"),
        ({"class": "secret"}, "Input should be"),
        ({"class": "open", "maks": True}, "Extra inputs"),
    ],
)
def test_a_declaration_that_protects_nothing_is_refused(written: object, why: str) -> None:
    """The contract says at once what is wrong with it."""
    with pytest.raises(ValidationError, match=why):
        column(written)


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        ("sensitive", "open", True),
        ("open", "sensitive", False),
        ("identifier", {"class": "identifier", "action": "hash"}, True),
        ({"class": "free_text", "action": "block"}, {"class": "free_text", "action": "mask"}, True),
        ({"class": "quasi", "generalise": {"age_band": 10}}, "quasi", True),
        ({"class": "quasi", "generalise": {"age_band": 10}}, {"class": "quasi", "action": "drop"}, False),
        ({"class": "open", "delay": "30d"}, "open", True),
        ("open", {"class": "open", "delay": 30}, False),
        ("quasi", "quasi", False),
    ],
)
def test_a_step_towards_open_is_seen(before: object, after: object, opens: bool) -> None:
    """A more open class, a weaker action, a lost transformation or a shorter delay."""
    assert towards_open(column(before), column(after)) is opens


def test_protected_are_all_columns_whose_export_differs_from_what_is_published() -> None:
    """Open columns and plain places may be quoted to the officer; nothing else."""
    assert not column("open").protected
    assert not column("geo").protected
    assert column({"class": "geo", "snap": {"grid": 250, "with": "lon"}}).protected
    assert all(column(name).protected for name in ("identifier", "quasi", "sensitive", "free_text"))


def test_distances_and_delays_are_written_with_their_units() -> None:
    """`250 m`, `0.5 km`, `30d`."""
    assert column({"class": "geo", "snap": {"grid": "0.5 km", "with": "lon"}}).snap.grid == 500
    assert column({"class": "open", "delay": "30d"}).delay == 30


def test_an_editor_is_told_both_spellings() -> None:
    """The JSON Schema of the contract accepts the bare word and the block."""
    schema = TypeAdapter(dict[str, ColumnClass]).json_schema()
    options = schema["$defs"]["ColumnClass"]["anyOf"] if "$defs" in schema else schema["additionalProperties"]["anyOf"]
    assert "open" in options[0]["enum"]


def test_the_thresholds_have_stated_defaults() -> None:
    """k = 5 and l = 2 unless the contract says otherwise."""
    rules = DisclosureRules()
    assert (rules.k, rules.l, rules.cells) == (5, 2, None)
