"""What a column's acceptance takes, frictionless' reader takes without a note."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from frictionless import Field

from tests.validate.fuzzing import CELLS, PATTERNS, TYPES
from vidkryto.validate.fieldtypes import acceptance
from vidkryto.validate.textcolumn import TextColumn

ALPHABET = "0123456789+-.,eE_ :/TZ%$€\t\n\r\u00a0\u0663\uff11aAxX@[]{}\"'()NnIifїЇ\x00"
SEEDS = (
    *CELLS,
    *("12.5", "5.", ".5", "-.5", ".", "-", "--1", "1-2", "1.2.3", "0x1f", "1e400", "inf", "nan", "Infinity", "1__0"),
    *("999999999999999", "9999999999999999", "000000000000000000", "0000000000000000000", "-999999999999999999"),
    *("2020-01-31", "2020-04-31", "2020-13-01", "2020-00-10", "9999-12-31", "2020-01-01T23:59:60", "23:59:59"),
    *("a.b@c.org", "a..b@c.org", "a@b", "a@b.c", "a@-b.org", "u@x-y.ua", "a_b@c_d.org", "http://a", "https://a..b/"),
    *("-181,91", "180.0,90", "0, 0", "1,2,3", "P1Y2M3D", "PT1H2S", "P", "PT", "P1W", "YWJj", "YWJ", "a===", "1999 "),
)


def cells(count: int) -> list[str]:
    """Seeds and mutations of them, half of all with one mutation."""
    rng = random.Random(835)
    made = set(SEEDS)
    while len(made) < count:
        text = rng.choice(SEEDS)
        for _ in range(rng.randint(1, 3)):
            place, letter, chance = rng.randint(0, len(text)), rng.choice(ALPHABET), rng.random()
            if chance < 0.5:
                text = text[:place] + letter + text[place:]
            else:
                text = text[:place] + ("" if chance < 0.8 else letter) + text[place + 1 :]
        made.add(text)
    return sorted(made)


def configurations() -> list[dict[str, Any]]:
    """Every type and format, and the constraints that can be tested in columns."""
    made = [dict(kind) for kind in TYPES]
    for kind in ("integer", "number", "year"):
        made += [
            {"type": kind, "constraints": rules}
            for rules in (
                {"minimum": 0},
                {"maximum": 100},
                {"minimum": -5, "maximum": 12},
                {"minimum": 2.5} if kind == "number" else {"minimum": 3},
                {"exclusiveMinimum": 1, "exclusiveMaximum": 1000},
                {"enum": ["1", "2", "1999"]},
            )
        ]
    bounds = {"date": "2020-01-15", "time": "10:00:00", "datetime": "2020-01-01T00:00:00"}
    made += [{"type": kind, "constraints": {"minimum": bound}} for kind, bound in bounds.items()]
    made += [{"type": kind, "constraints": {"exclusiveMaximum": bound}} for kind, bound in bounds.items()]
    lengths: tuple[dict[str, Any], ...] = ({"minLength": 3}, {"maxLength": 5}, {"minLength": 2, "maxLength": 4})
    patterns = (
        *PATTERNS,
        r"[A-Z]{2}-\d+",
        r"(foo|bar)?\d{2,3}",
        "[0-9.,-]+",
        ".{3}",
        "a.c$",
        r"\d*\.?\d+",
        r"\d{2}:\d{2}",
    )
    made += [{"type": "string", "constraints": rules} for rules in lengths]
    made += [{"type": "string", "constraints": {"pattern": pattern}} for pattern in patterns]
    return made


def violations(texts: list[str], descriptor: dict[str, Any], missing: list[str]) -> tuple[int, list[tuple[str, Any]]]:
    """How many texts are accepted, and those of them that frictionless does not take."""
    field = Field.from_descriptor({**descriptor, "name": "f", "missingValues": missing})
    accepts = acceptance(field)
    if accepts is None:
        return 0, []
    read = field.create_cell_reader()
    mask = accepts.accepted(TextColumn(pa.array(texts)))
    taken = [text for text, one in zip(texts, np.ones(len(texts), bool) if mask is None else mask, strict=True) if one]
    wrong = []
    for text in taken:
        value, notes = read(text)
        if notes or value is None:
            wrong.append((text, notes))
    return len(taken), wrong


@pytest.mark.parametrize("missing", [[""], ["", "0", "NA", "-"], []], ids=["empty", "words", "none"])
def test_accepted_cells_are_accepted_by_frictionless(missing: list[str]) -> None:
    """Over mutated cells, for each type, format and constraint, in mixed columns."""
    texts = cells(4000)
    accepted = 0
    for descriptor in configurations():
        count, wrong = violations(texts, descriptor, missing)
        accepted += count
        assert wrong == [], f"{descriptor}: {wrong[:5]}"
    assert accepted > 20_000


def test_columns_of_one_kind_take_the_fast_ways_and_stay_sound() -> None:
    """Columns that hold only what looks right go through the passes over bytes: those must be as strict."""
    texts = cells(6000)
    shapes = {
        "integer": lambda text: text.strip("-").isdigit(),
        "number": lambda text: set(text) <= set("0123456789.-") and len(text) <= 15 and text,
        "date": lambda text: len(text) == 10,
        "time": lambda text: len(text) == 8,
        "datetime": lambda text: len(text) == 19,
        "year": lambda text: len(text) == 4,
    }
    for kind, alike in shapes.items():
        chosen = [text for text in texts if alike(text)]
        assert len(chosen) > 10, kind
        assert violations(chosen, {"type": kind}, [""])[1] == []
        for text in chosen:  # alone in its column
            assert violations([text] * 3, {"type": kind}, [""])[1] == [], text


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_mutated_cells_are_judged_soundly() -> None:
    """The same over many more cells."""
    texts = cells(100_000)
    for descriptor in configurations():
        assert violations(texts, descriptor, [""])[1] == [], descriptor
