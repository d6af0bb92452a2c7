"""The scores that `vidkryto score` measured, kept beside the run records so that the report can show them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidkryto.archive import written_atomically

if TYPE_CHECKING:
    from vidkryto.report.score import Score

FILE = "scores.json"
DIMENSIONS = ("findability", "accessibility", "interoperability", "reusability", "contextuality")


@dataclass(frozen=True, slots=True)
class Lost:
    """An indicator whose points were lost, and the remedy in both languages."""

    name: str
    points: int
    remedy: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeptScore:
    """One dataset's score as the pages need it."""

    dataset: str
    measured: str
    """When, UTC."""
    points: int
    band: str
    dimensions: Mapping[str, tuple[int, int]]
    """Points won and points there are, by dimension."""
    lost: tuple[Lost, ...] = ()
    violations: tuple[str, ...] = ()

    @classmethod
    def of(cls, score: Score, measured: str) -> KeptScore:
        """A score as it is kept."""
        parts = {name: [item for item in score.measured if item.rule.dimension == name] for name in DIMENSIONS}
        return cls(
            dataset=score.dataset.rstrip("/").rsplit("/", 1)[-1],
            measured=measured,
            points=score.points,
            band=score.band,
            dimensions={
                name: (sum(item.points for item in items), sum(item.rule.points for item in items))
                for name, items in parts.items()
            },
            lost=tuple(Lost(item.rule.name, item.rule.points, item.rule.remedy) for item in score.lost),
            violations=score.violations,
        )


def keep_scores(home: Path, scores: Iterable[Score], measured: str) -> None:
    """Keep these scores; those of other datasets stay as they were measured last."""
    kept = read_scores(home) | {item.dataset: item for item in (KeptScore.of(score, measured) for score in scores)}
    with written_atomically(home / FILE) as part:
        text = json.dumps([asdict(kept[name]) for name in sorted(kept)], ensure_ascii=False, indent=1)
        part.write_text(text + "\n", encoding="utf-8")


def read_scores(home: Path) -> dict[str, KeptScore]:
    """The kept scores by dataset; none where nothing was measured, or the file is not ours."""
    try:
        found = json.loads((home / FILE).read_text(encoding="utf-8"))
        return {item["dataset"]: _read(item) for item in found}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _read(item: Mapping[str, object]) -> KeptScore:
    values = dict(item)
    values["lost"] = tuple(Lost(**entry) for entry in values["lost"])  # type: ignore[attr-defined]
    values["violations"] = tuple(values["violations"])  # type: ignore[arg-type]
    values["dimensions"] = {name: tuple(pair) for name, pair in values["dimensions"].items()}  # type: ignore[attr-defined]
    return KeptScore(**values)  # type: ignore[arg-type]
