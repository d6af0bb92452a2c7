"""Table Schema `string` and its formats: default, email, uri, uuid, binary, wkt."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Field

from vidkryto.validate.arrays import TEXT, Mask, as_mask, both
from vidkryto.validate.fieldtypes.base import Draft, FieldType, Shape, register
from vidkryto.validate.fieldtypes.patterns import fixed_places, fixed_test
from vidkryto.validate.textcolumn import TextColumn

EMAIL = r"^[a-z0-9]+(?:[._-][a-z0-9]+)*@(?:[a-z0-9]{1,30}(?:-[a-z0-9]{1,30})?\.){1,3}[a-z]{2,20}$"
LONGEST_EMAIL = 60
URI = r"^https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?:/[A-Za-z0-9._~/-]*)?$"
BASE64 = r"^(?:[A-Za-z0-9+/]{4})+$"
UUID_DASHES = (8, 13, 18, 23)
HEXADECIMAL = np.zeros(256, bool)
HEXADECIMAL[[ord(character) for character in "0123456789abcdefABCDEF"]] = True

SAFE_PATTERN = re.compile(
    r"""^(?:
        [A-Za-z0-9 _@/,;:%\#=<>~!&'"-]            # plain characters
      | \\[.\-/+()\[\]*?^$|\\]                     # escaped punctuation
      | \[(?:[A-Za-z0-9 _.,/@]|[A-Z0-9a-z]-[A-Za-z0-9]|\\[-./])+-?\]   # classes of ASCII characters
      | \((?:\?:)? | \) | \|
      | \{\d+(?:,\d*)?\}
      | [*+?](?![*+?])                             # neither lazy nor possessive
      | \. | \^ | \$ | \\d
    )*$""",
    re.VERBOSE,
)
"""Patterns that mean the same to RE2 and to Python's re, as far as an accepted text is concerned.

`\\d` is ASCII for RE2 and any digit for Python: RE2 accepts less, which is sound. Negated classes, `\\w`, `\\s`,
flags and look-around are left to Python.
"""


def any_text(column: TextColumn) -> Mask | None:
    """Every text."""
    del column
    return None


def matching(pattern: str, longest: int | None = None) -> Shape:
    """A form given by an RE2 pattern, and by a length in bytes where one is given."""

    def shape(column: TextColumn) -> Mask | None:
        short = None if longest is None or column.longest <= longest else column.lengths <= longest
        return both(column.matches(pattern), short)

    return shape


def uuids(column: TextColumn) -> Mask | None:
    """Cells of 8-4-4-4-12 hexadecimal digits."""
    cells = column.fixed(36)
    if cells is None:
        return column.matches(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
    good = cells.equal(ord("-"), *UUID_DASHES)
    for place in range(36):
        if place not in UUID_DASHES:
            good &= HEXADECIMAL[cells.at[place]]
    return cells.of_column(good)


FORMATS: dict[str, Shape] = {
    "email": matching(EMAIL, LONGEST_EMAIL),
    "uri": matching(URI),
    "uuid": uuids,
    "binary": matching(BASE64),
}


@register
class String(FieldType):
    """Text."""

    name = "string"

    def draft(self, field: Field) -> Draft | None:
        """Any text, or the plain subset of the format; well-known text (wkt) is left to the reader."""
        if field.format == "wkt":
            return None
        if field.format in FORMATS:
            return Draft(FORMATS[field.format], "text", cheap=field.format == "uuid")
        return Draft(any_text, "text", cheap=True)

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Lengths in characters, patterns that both regular expression engines read alike, lists of texts."""
        if name in ("minLength", "maxLength") and isinstance(value, int):
            draft.tests.append(length_test(name, value))
            return True
        if name == "pattern" and isinstance(value, str):
            return self._pattern(draft, value)
        if name == "enum" and isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            reader = field.create_value_reader()
            allowed = pa.array([item for item in value if reader(item) is not None], TEXT)
            draft.tests.append(lambda column: as_mask(pc.is_in(column.array, value_set=allowed)))
            draft.cheap = False
            return True
        return False

    def _pattern(self, draft: Draft, pattern: str) -> bool:
        places = fixed_places(pattern)
        if places is not None:
            draft.tests.append(fixed_test(places))
            return True
        if not pattern.isascii() or not SAFE_PATTERN.match(pattern):
            return False
        whole = f"^(?:^{pattern}$)"  # frictionless anchors only the outer ends of alternatives; RE2's $ is the very end
        try:
            pc.match_substring_regex(pa.array(["a"]), whole)
        except pa.ArrowInvalid:
            return False
        draft.tests.append(lambda column: column.matches(whole))
        draft.cheap = False
        return True

    def arrow_type(self, field: Field) -> Any:
        """Text."""
        del field
        return TEXT

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Text is its own canonical text."""
        del column, field
        return True


def length_test(name: str, value: int) -> Shape:
    """Cells of at least or at most `value` characters."""

    def test(column: TextColumn) -> Mask | None:
        if column.longest <= value if name == "maxLength" else column.shortest >= 4 * value:
            return None  # no cell has more characters than bytes, nor fewer than a quarter of them
        if column.ascii:
            if name == "minLength" and column.shortest >= value:
                return None
            return column.lengths >= value if name == "minLength" else column.lengths <= value
        characters = pc.utf8_length(column.array)
        return as_mask((pc.greater_equal if name == "minLength" else pc.less_equal)(characters, value))

    return test


@register
class AnyText(String):
    """Whatever stands in the cell; frictionless knows only `required` and `enum` here."""

    name = "any"

    def draft(self, field: Field) -> Draft | None:
        """Any text, whatever the format."""
        del field
        return Draft(any_text, "text", cheap=True)
