"""Run a suite over the tables of a dataset: one verdict for every expectation written, none lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Place
from vidkryto.quality import across, columnar, great
from vidkryto.quality.across import Surroundings
from vidkryto.quality.metrics import Parameters
from vidkryto.quality.result import Result, band_note, to_finding
from vidkryto.quality.suite import Expectation

LARGE = 2_000_000
"""Rows above which a table is judged in DuckDB; the setting VIDKRYTO_QUALITY_ROWS changes it."""
NOTHING = Parameters()


@dataclass(frozen=True, slots=True)
class Quality:
    """What the suite found. `checked` expectations were run; fewer than written is an error of ours."""

    findings: tuple[Finding, ...]
    checked: int


def check_quality(
    at: Surroundings,
    suite: tuple[Expectation, ...],
    parameters: Mapping[str, Parameters],
    *,
    files: Mapping[str, str] | None = None,
    protected: frozenset[str] = frozenset(),
    large: int = LARGE,
) -> Quality:
    """Judge typed tables, by resource name, with the expectations of a suite.

    `parameters` gives for each table the values that `{parameter: …}` names. Values of `protected` columns are never
    quoted. Tables of more than `large` rows are judged in DuckDB, with the same verdicts.
    Raises ContractError for an expectation that does not exist or does not fit.
    """
    findings: list[Finding] = []
    checked = 0
    for name in at.tables if suite else ():
        mine = tuple(item for item in suite if (item.resource or next(iter(at.tables))) == name)
        if not mine:
            continue
        given = parameters.get(name, NOTHING)
        _refuse_unfit(name, mine, given, protected)
        place = Place(resource=name, file=(files or {}).get(name, ""))
        results = _results(name, at, mine, given, large)
        checked += len(results)
        for item, result in zip(mine, results, strict=True):
            note = band_note(item, place, given)
            findings += [note] if note else []
            findings += [] if result.success else [to_finding(item, result, place, given, protected)]
    strangers = {item.resource for item in suite} - set(at.tables) - {""}
    if strangers or checked != len(suite):
        raise ContractError(
            f"expectations.yaml: {len(suite) - checked} expectation(s) name no table: {sorted(strangers)}",
            remedy=f"The tables are {sorted(at.tables)}.",
        )
    return Quality(tuple(findings), checked)


def _refuse_unfit(name: str, suite: tuple[Expectation, ...], given: Parameters, protected: frozenset[str]) -> None:
    """Parameters that nobody gives, and expectations written twice, are slips of the suite."""
    missing = set().union(*(item.wanted_parameters() for item in suite)) - set(given.values)
    for column in protected if missing else ():
        if hidden := sorted(one for one in missing if one.endswith(f"_{column}")):
            raise ContractError(
                f"expectations.yaml: the column {column!r} is protected, so {hidden} of {name} is not kept",
                remedy="Of a protected column only fill_low_… and distinct_last_… are known: take it away.",
            )
    if missing:
        raise ContractError(
            f"expectations.yaml: no such parameter for {name}: {sorted(missing)}",
            remedy=f"Known are: {sorted(given.values) or 'none yet; put it under `first:`'}.",
        )
    different = {(item.type, repr(sorted(item.kwargs.items()))) for item in suite}
    if len(different) != len(suite):
        raise ContractError(
            f"expectations.yaml: {len(suite)} expectations are written for {name}, {len(different)} differ",
            remedy="Two of them are equal: remove one.",
        )


def _results(
    name: str, at: Surroundings, suite: tuple[Expectation, ...], given: Parameters, large: int
) -> list[Result]:
    """The results in the order of the suite: ours one by one, those of Great Expectations in one go."""
    table, rows = at.tables[name], at.rows[name]
    theirs = tuple(item for item in suite if item.type not in across.MODELS)
    engine = columnar.judge if table.num_rows > large else great.judge
    told = iter(engine(name, table, rows, theirs, given.values) if theirs else [])
    return [across.judge(item, name, at, given.values) if item.type in across.MODELS else next(told) for item in suite]
