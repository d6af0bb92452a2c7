"""The reference of the ledger's entries, filled from their shapes: `python -m vidkryto.record.document FILE`."""

from __future__ import annotations

import sys
import typing
from pathlib import Path
from types import UnionType

from pydantic.fields import FieldInfo

from vidkryto.archive import written_atomically
from vidkryto.catalogue.model import Block
from vidkryto.record.entries import SHAPES

BEGIN, END = "<!-- shapes: begin -->", "<!-- shapes: end -->"


def shapes_as_markdown() -> str:
    """One table for each kind of entry, then one for each part that they share."""
    parts: dict[str, type[Block]] = {}
    kinds = [_table(f"`{kind}`", shape, parts) for kind, shape in SHAPES.items()]
    shared: list[str] = []
    while waiting := [name for name in parts if f"#### {name}\n" not in "".join(shared)]:
        shared += [_table(name, parts[name], parts, level=4) for name in waiting]
    return "\n".join([*kinds, "### Parts\n", *shared])


def _table(title: str, shape: type[Block], parts: dict[str, type[Block]], level: int = 3) -> str:
    rows = [
        f"| `{name}` | {_kind(field, parts)} | {'yes' if field.is_required() else 'no'} | {field.description or ''} |"
        for name, field in shape.model_fields.items()
    ]
    head = [
        f"{'#' * level} {title}\n",
        f"{shape.__doc__}\n",
        "| key | what | required | meaning |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _kind(field: FieldInfo, parts: dict[str, type[Block]]) -> str:
    pattern = next((getattr(rule, "pattern", None) for rule in field.metadata if hasattr(rule, "pattern")), None)
    if pattern:
        return "`" + str(pattern).replace("|", "\\|") + "`"
    return _words(field.annotation, parts)


def _words(kind: object, parts: dict[str, type[Block]]) -> str:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Block):
        parts[kind.__name__] = kind
        return kind.__name__
    if origin is typing.Literal:
        return " or ".join(f"`{word}`" for word in inside)
    if origin is typing.Annotated:
        rule = next((getattr(rule, "pattern", None) for rule in inside[1:] if getattr(rule, "pattern", None)), None)
        return "`" + str(rule).replace("|", "\\|") + "`" if rule else _words(inside[0], parts)
    if origin in (UnionType, typing.Union):
        return " or ".join(_words(part, parts) for part in inside if part is not type(None))
    if origin is list:
        return f"list of {_words(inside[0], parts)}"
    if origin is dict:
        return f"from {_words(inside[0], parts)} to {_words(inside[1], parts)}"
    return {"int": "whole number", "str": "words"}.get(getattr(kind, "__name__", ""), str(kind))


def filled(document: str) -> str:
    """The document with the part between the marks made anew."""
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n{shapes_as_markdown()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    content = filled(target.read_text(encoding="utf-8"))
    with written_atomically(target) as part:
        part.write_text(content, encoding="utf-8")
