"""Known errors of a source, corrected by data; a correction that no longer fits is a finding."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from vidkryto.catalogue.reading import Correction, Corrections
from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Place
from vidkryto.read.shape import Draft
from vidkryto.read.table import files_of, place_of


def load_corrections(file: Path) -> tuple[Correction, ...]:
    """The corrections of a dataset; none when the file does not exist. Raises ContractError for a wrong file."""
    if not file.is_file():
        return ()
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        listed = {"corrections": content} if isinstance(content, list) else content
        return Corrections.model_validate(listed).corrections
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError) as error:
        raise ContractError(
            f"{file.name} cannot be used: {error}",
            remedy="Each correction has resource, key, field, was, becomes and reason; see docs/reference/reading.md.",
        ) from error


def correct(
    draft: Draft, sources: pa.Array, corrections: Iterable[Correction], resource: str, today: datetime.date
) -> tuple[list[Finding], list[Finding]]:
    """Apply the corrections of one resource in place; what was repaired, and what is stale or over.

    `sources` names file and sheet of each row; a repair is told for each of them.
    """
    file = files_of(sources)
    repairs: list[Finding] = []
    findings: list[Finding] = []
    for item in corrections:
        if item.resource != resource:
            continue
        place = Place(resource, file, field=item.field)
        details = {"key": ", ".join(f"{name}={value}" for name, value in item.key.items()), "reason": item.reason}
        if item.until and today > item.until:
            findings.append(Finding("correction-over", place, details={**details, "until": item.until.isoformat()}))
            continue
        unknown = [name for name in (*item.key, item.field) if name not in draft.columns]
        if unknown:
            findings.append(Finding("correction-stale", place, details={**details, "why": f"? {', '.join(unknown)}"}))
            continue
        hits = _rows(draft, item)
        current = draft.columns[item.field]
        wrong = [int(row) for row in hits if (current[int(row)].as_py() or "") == item.was]
        if not wrong:
            found = sorted({current[int(row)].as_py() or "" for row in hits})
            why = "; ".join(found[:3]) if len(hits) else "—"
            findings.append(
                Finding("correction-stale", place, found=why, wanted=item.was, details={**details, "why": why})
            )
            continue
        _put(draft, item, wrong)
        hit: dict[str, list[int]] = {}
        for row in wrong:
            hit.setdefault(sources[row].as_py(), []).append(int(draft.rows[row].as_py()))
        for source, rows in hit.items():
            where = replace(place_of(source, resource, rows[0]), field=item.field)
            told = Finding("repair-correction", where, item.was, item.becomes, len(rows), tuple(rows[:10]), details)
            repairs.append(told)
    return repairs, findings


def _rows(draft: Draft, item: Correction) -> NDArray[np.int64]:
    mask = np.ones(draft.height, dtype=bool)
    for name, value in item.key.items():
        mask &= np.asarray(pc.equal(pc.fill_null(draft.columns[name], ""), value))
    return np.flatnonzero(mask)


def _put(draft: Draft, item: Correction, rows: Sequence[int]) -> None:
    mask = np.zeros(draft.height, dtype=bool)
    mask[list(rows)] = True
    value = pa.scalar(item.becomes or None, pa.string())
    draft.columns[item.field] = pc.if_else(pa.array(mask), value, draft.columns[item.field])
