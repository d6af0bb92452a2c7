"""A portal as publishing sees it: the few things that applying a plan asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from vidkryto.plan.live import Readable


class Portal(Readable, Protocol):
    """What applying a plan needs. Every method that writes raises AnswerLost when nobody knows its outcome."""

    @property
    def written(self) -> int:
        """How many requests were sent that could change something."""

    @property
    def sent(self) -> int:
        """How many requests were sent in all."""

    def sql(self) -> bool:
        """Whether clients may ask in SQL: there an alias gives the columns that it was made with."""

    def create(self, fields: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str:
        """Create a private dataset with these resources; returns its id."""

    def revise(
        self,
        dataset: str,
        match: Mapping[str, str],
        *,
        fields: Mapping[str, Any] | None = None,
        resources: Mapping[str, Mapping[str, Any]] | None = None,
        extend: Sequence[Mapping[str, Any]] = (),
        files: Mapping[str, tuple[str, Path, str]] | None = None,
    ) -> None:
        """Change a dataset in one step, if every field of `match` still has its value (else Refused)."""

    def shape(self, table: str, **parts: Any) -> None:
        """Create a table or change its columns, key, aliases."""

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, all or none."""

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change the rows named by `_id`, all or none."""

    def delete(self, table: str, numbers: Sequence[int]) -> None:
        """Remove the rows of these `_id`s, all or none."""

    def search(self, table: str, **parts: Any) -> Mapping[str, Any]:
        """Rows as clients get them: `limit`, `q`, `filters`."""

    def rows(self, table: str, numbers: Sequence[int], names: Sequence[str], target: Path) -> None:
        """Write the rows of these `_id`s as CSV with the column `_id`, in the form of `dump`."""

    def drop(self, table: str) -> None:
        """Drop a table for good."""

    def take_down(self, dataset: str) -> None:
        """Take the dataset off the portal."""

    def views(self, dataset: str) -> None:
        """Create the default previews that are missing."""

    def download(self, address: str, target: Path | None, *, anonymous: bool = False) -> int:
        """GET an address; returns the bytes."""
