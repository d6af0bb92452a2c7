"""Defects of the ministry's structures: what was found in a column or a table and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "invisible-letters": "The name of a column holds spaces, tabs or line breaks; they were removed.",
    "look-alike-letters": "The name of a column holds Cyrillic letters that look Latin; they were replaced.",
    "repeated-name": "Two columns of one table have the same name; the later ones were named after their neighbour.",
    "wrong-type": "The declared type contradicts the column's own description; the type was corrected.",
    "required-yet-empty": (
        "The column is declared required, but its instruction orders `null` or anonymisation in some rows, "
        "so a correct table would be refused; `required` was lifted."
    ),
    "required-too-early": (
        "The column is declared required, but its value is known only later: a petition that collects signatures "
        "has no answer yet. `required` was lifted."
    ),
    "key-missing": "The structure names no primary key; a natural one was set.",
    "key-without-column": "The primary key names no column of the table; the column that was meant was set.",
    "key-repeats": "The primary key repeats by the nature of the table; columns were added or exchanged.",
    "word-in-typed-column": "The instruction orders a word where the type allows none; it became a missing value.",
    "several-values": (
        "The instruction allows several values in one cell, which the declared type does not; "
        "the column became a string with a pattern."
    ),
    "own-example-fails": "The example in the instruction breaks the column's own rule; ours was put instead.",
    "moment-without-seconds": (
        "The instruction asks for a moment without seconds, which the default form of Table Schema does not know. "
        "The schema asks for seconds; an export without them is read with the declared spelling «рррр-мм-ддTгг:хх»."
    ),
    "misspelt-name": "The name is misspelt. It is kept, because tables of other publishers already use it.",
    "decimal-comma-allowed": (
        "The instruction allows a decimal comma; the rules of the recommendations ask for a point, and the schema does."
    ),
    "country-code": (
        "The country is a three-letter code in this table and the word «Україна» in the others; both are accepted."
    ),
}
"""What each kind means, in the order of the document."""


@dataclass(frozen=True, slots=True, order=True)
class Defect:
    """One defect. `column` is empty when it concerns the table; `found` and `mended` are short and printable."""

    table: str
    kind: str
    column: str
    found: str
    mended: str
