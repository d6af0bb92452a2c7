"""Read YAML and remember the line of every key, so that a problem can name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Keys = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """YAML 1.1 as people expect it: a repeated key is refused, dates and `on` stay what pydantic makes of them."""


def load(path: Path) -> tuple[Any, dict[Keys, int]]:
    """The document and the line, from 1, of each value by its keys.

    Raises yaml.YAMLError (with its mark) for text that is not YAML or repeats a key.
    """
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        lines: dict[Keys, int] = {}
        if node is None:
            return None, lines
        _walk(node, (), lines)
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def _walk(node: yaml.Node, keys: Keys, lines: dict[Keys, int]) -> None:
    lines.setdefault(keys, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
            lines[(*keys, key.value)] = key.start_mark.line + 1
            _walk(value, (*keys, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _walk(value, (*keys, number), lines)


def line_of(keys: Keys, lines: dict[Keys, int]) -> int:
    """The line of the nearest key that exists, going outwards."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 1)
