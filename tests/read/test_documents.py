"""The documents say everything that can be declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter

from vidkryto.catalogue import reading as blocks
from vidkryto.catalogue import source as sources
from vidkryto.catalogue.reading import Correction, Reading
from vidkryto.catalogue.source import Source

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "reading.md").read_text(encoding="utf-8")


def _models() -> list[type[BaseModel]]:
    found = [value for module in (blocks, sources) for value in vars(module).values() if isinstance(value, type)]
    return [value for value in found if issubclass(value, BaseModel) and value.__module__.startswith("vidkryto.cat")]


@pytest.mark.parametrize("model", _models(), ids=lambda model: model.__name__)
def test_every_declaration_stands_in_the_reference(model: type[BaseModel]) -> None:
    """No key of a block is missing from docs/reference/reading.md."""
    missing = [name for name in model.model_fields if not re.search(rf"\b{re.escape(name)}\b", PAGE)]
    assert missing in ([], ["corrections"])


def test_every_example_of_the_reference_is_accepted() -> None:
    """Each YAML block with `source`, `reading` or corrections is valid."""
    checked = 0
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        for part in re.split(r"(?m)^(?=reading: |source: )", block):
            content = yaml.safe_load(part)
            if isinstance(content, list):
                assert all(Correction.model_validate(item) for item in content)
            elif content and "reading" in content:
                assert Reading.model_validate(content["reading"])
            elif content and "source" in content:
                assert TypeAdapter(Source).validate_python(content["source"])
            checked += bool(content)
    assert checked >= 30
