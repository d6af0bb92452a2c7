"""Numbers that stand for key values, looked at while another thread is still reading cells of the same field."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from vidkryto.validate import identities as room
from vidkryto.validate.arrays import TEXT
from vidkryto.validate.check import ColumnPlan, KeyPart

TEXT_KEY = KeyPart(codes=np.array([-1, 0, 1]), values=pa.array(["a", "", ""], TEXT))
INTEGER_KEY = KeyPart(codes=np.array([-1, 0, 1]), values=np.array([7, 0, 0], np.int64))


@pytest.mark.parametrize(
    ("key", "part", "read", "later"), [("text", TEXT_KEY, ["a", "b"], "c"), ("integer", INTEGER_KEY, [7, 8], 9)]
)
def test_values_read_meanwhile_do_not_disturb_the_ones_at_hand(
    key: str, part: KeyPart, read: list[Any], later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`limit_errors` looks at keys between segments, when other segments still add to the reader's values."""
    values = list(read)
    numbers_of_values = room.numbers_of_values

    def after_another_thread(*arguments: Any) -> Any:
        values.append(later)
        return numbers_of_values(*arguments)

    monkeypatch.setattr(room, "numbers_of_values", after_another_thread)
    column = cast(ColumnPlan, SimpleNamespace(position=0, key=key, reader=SimpleNamespace(values=values)))
    found = room.identities(column, room.KeyTable(np.array([2, 3, 4]), {0: [part]}))

    assert values[-1] == later, "the other thread added nothing"
    first, same, other = found.numbers
    assert first == same != other
    assert not found.missing.any()
