"""The suite of a dataset: `expectations.yaml`, in the words of Great Expectations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from vidkryto.catalogue.load import load_block
from vidkryto.catalogue.model import Block

WITHOUT_MEMORY = {"fresh_after"}
"""Parameters that the contract alone gives."""


class Expectation(Block):
    """One expectation: its type and arguments are those of the Great Expectations gallery."""

    type: str
    resource: str = ""
    """The table it is for; may be left out when the dataset has one table."""
    kwargs: Mapping[str, Any] = {}
    """Arguments; `{parameter: rows_low}` takes a value from the last release."""
    severity: Literal["error", "warning", "note"] = "error"
    notes: Mapping[Literal["uk", "en"], str] = {}
    """The rule in plain words, for the report."""

    def arguments(self) -> dict[str, Any]:
        """The arguments with `{parameter: name}` written as Great Expectations wants it."""
        return {
            key: {"$PARAMETER": value["parameter"]}
            if isinstance(value, Mapping) and set(value) == {"parameter"}
            else value
            for key, value in self.kwargs.items()
        }

    def resolved(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with every `{parameter: name}` replaced by its value."""
        return {
            key: values[value["$PARAMETER"]] if isinstance(value, dict) and "$PARAMETER" in value else value
            for key, value in self.arguments().items()
        }

    def wanted_parameters(self) -> set[str]:
        """The names of all values it takes from the last release."""
        return {
            value["$PARAMETER"]
            for value in self.arguments().values()
            if isinstance(value, dict) and "$PARAMETER" in value
        }


class Suite(Block):
    """All expectations of a dataset. `first` is for tables that have no release to compare with."""

    expectations: tuple[Expectation, ...] = ()
    first: tuple[Expectation, ...] = ()

    def all(self) -> tuple[Expectation, ...]:
        """Every expectation, of both parts."""
        return self.first + self.expectations

    def for_release(self, past: Mapping[str, Sequence[object]]) -> tuple[Expectation, ...]:
        """What applies now, by what each table remembers of its releases.

        To a table without memory the suite `first`, then all the rest that need none; to the others `expectations`.
        """
        own = next(iter(past), "")
        remembered = {name: bool(told) for name, told in past.items()}
        return (
            *(item for item in self.first if not remembered.get(item.resource or own)),
            *(
                item
                for item in self.expectations
                if remembered.get(item.resource or own, True) or item.wanted_parameters() <= WITHOUT_MEMORY
            ),
        )


def load_suite(folder: Path) -> Suite:
    """The suite of a dataset's folder; an empty one when the file is absent.

    Raises ContractError that names the line of what is wrong.
    """
    file = folder / "expectations.yaml"
    return load_block(file, Suite) if file.is_file() else Suite()
