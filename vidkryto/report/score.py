"""The metadata quality score of data.europa.eu (MQA): 23 indicators, 405 points, with the remedy for each lost point.

https://data.europa.eu/mqa/methodology . The rules are those of the engine: the best distribution counts, an address
answers with 200 to 299 or scores nothing. Measured on the RDF that a portal serves, not on our own input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rdflib import DCAT, DCTERMS, RDF, RDFS, Graph, Namespace, URIRef

from vidkryto.report.vocabularies import (
    ACCESS_RIGHTS,
    FILE_TYPES,
    IANA,
    LICENCES,
    MACHINE_READABLE,
    NON_PROPRIETARY,
    code_of,
)

SH = Namespace("http://www.w3.org/ns/shacl#")
HIGH_VALUE = URIRef("http://data.europa.eu/r5r/hvdCategory")
FULL = 405
BANDS = ((351, "excellent"), (221, "good"), (121, "sufficient"), (0, "bad"))

Answers = Callable[[str], int]
"""The HTTP status an address answers with; 0 when it does not answer at all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One indicator of the table."""

    name: str
    dimension: str
    points: int
    level: str
    """dataset or distribution."""
    remedy: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One indicator of one dataset: whether its points were won."""

    rule: Rule
    won: bool

    @property
    def points(self) -> int:
        """The points won: all or none."""
        return self.rule.points if self.won else 0


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a dataset."""

    dataset: str
    measured: tuple[Measured, ...]
    violations: tuple[str, ...] = ()
    """What SHACL says against the dataset."""

    @property
    def points(self) -> int:
        """From 0 to 405."""
        return sum(item.points for item in self.measured)

    @property
    def band(self) -> str:
        """The word of the methodology."""
        return next(word for least, word in BANDS if self.points >= least)

    @property
    def lost(self) -> tuple[Measured, ...]:
        """The indicators whose points were lost, the dearest first."""
        return tuple(sorted((item for item in self.measured if not item.won), key=lambda item: -item.rule.points))


@cache
def rules() -> tuple[Rule, ...]:
    """The 23 indicators, in the order of the methodology."""
    import tomllib

    table = tomllib.loads(files("vidkryto.report").joinpath("dcat", "mqa.toml").read_text("utf-8"))
    return tuple(
        Rule(name, entry["dimension"], entry["points"], entry["level"], {"uk": entry["uk"], "en": entry["en"]})
        for name, entry in table.items()
    )


def score_datasets(graph: Graph, answers: Answers, *, shapes: Path | None = None) -> tuple[Score, ...]:
    """Score every dataset of a catalogue's RDF, by IRI.

    `shapes` is a folder with the DCAT-AP shapes as Turtle files; without it the shapes of this project are used, which
    hold what DCAT-AP makes mandatory.
    """
    violations = shacl_violations(graph, shapes)
    datasets = sorted(set(graph.subjects(RDF.type, DCAT.Dataset)), key=str)
    return tuple(_score(graph, URIRef(str(dataset)), answers, violations) for dataset in datasets)


def _score(graph: Graph, dataset: URIRef, answers: Answers, violations: Mapping[str, tuple[str, ...]]) -> Score:
    distributions = [URIRef(str(item)) for item in graph.objects(dataset, DCAT.distribution)]
    mine = [text for node in (dataset, *distributions) for text in violations.get(str(node), ())]
    facts = _dataset_facts(graph, dataset, distributions) | {"compliance": not mine and not violations.get("")}
    best = _best(graph, distributions, facts, answers)
    return Score(str(dataset), tuple(Measured(rule, best.get(rule.name, False)) for rule in rules()), tuple(mine))


def _best(graph: Graph, distributions: list[URIRef], facts: dict[str, bool], answers: Answers) -> Mapping[str, bool]:
    """The facts of the best distribution. Addresses are asked in order of promise, and no more than the best needs."""
    promised = {item: _sum(facts | _distribution_facts(graph, item, lambda _: 200)) for item in distributions}
    best: Mapping[str, bool] = facts
    for item in sorted(distributions, key=lambda item: -promised[item]):
        if promised[item] <= _sum(best):
            break
        best = max(best, facts | _distribution_facts(graph, item, answers), key=_sum)
    return best


def _sum(facts: Mapping[str, bool]) -> int:
    return sum(rule.points for rule in rules() if facts.get(rule.name))


def _dataset_facts(graph: Graph, dataset: URIRef, distributions: list[URIRef]) -> dict[str, bool]:
    access = _code(graph, dataset, DCTERMS.accessRights, "access-right")
    owners = (dataset, *distributions)
    return {
        "keywords": _has(graph, dataset, DCAT.keyword),
        "categories": _has(graph, dataset, DCAT.theme),
        "spatial": _has(graph, dataset, DCTERMS.spatial),
        "temporal": _has(graph, dataset, DCTERMS.temporal),
        "access-rights": _has(graph, dataset, DCTERMS.accessRights),
        "access-rights-vocabulary": access in ACCESS_RIGHTS,
        "contact": _has(graph, dataset, DCAT.contactPoint),
        "publisher": _has(graph, dataset, DCTERMS.publisher),
        "issued": any(_has(graph, owner, DCTERMS.issued) for owner in owners),
        "modified": any(_has(graph, owner, DCTERMS.modified) for owner in owners),
    }


def _distribution_facts(graph: Graph, distribution: URIRef, answers: Answers) -> dict[str, bool]:
    """Facts of one distribution; a format counts by its code, a media type by its IANA address."""
    format_ = _code(graph, distribution, DCTERMS["format"], "file-type")
    media = next(graph.objects(distribution, DCAT.mediaType), None)
    licence = _code(graph, distribution, DCTERMS.license, "licence")
    return {
        "access-url-status": _answers(graph, distribution, DCAT.accessURL, answers),
        "download-url": _has(graph, distribution, DCAT.downloadURL),
        "download-url-status": _answers(graph, distribution, DCAT.downloadURL, answers),
        "format": _has(graph, distribution, DCTERMS["format"]),
        "media-type": media is not None,
        "format-vocabulary": format_ in FILE_TYPES and str(media).startswith(IANA),
        "non-proprietary": format_ in NON_PROPRIETARY,
        "machine-readable": format_ in MACHINE_READABLE,
        "licence": _has(graph, distribution, DCTERMS.license),
        "licence-vocabulary": licence in LICENCES,
        "rights": _has(graph, distribution, DCTERMS.rights),
        "byte-size": _has(graph, distribution, DCAT.byteSize),
    }


def _has(graph: Graph, subject: URIRef, predicate: URIRef) -> bool:
    return (subject, predicate, None) in graph


def _code(graph: Graph, subject: URIRef, predicate: URIRef, table: str) -> str:
    value = next(graph.objects(subject, predicate), None)
    return code_of(str(value), table) if value is not None else ""


def _answers(graph: Graph, distribution: URIRef, predicate: URIRef, answers: Answers) -> bool:
    return any(200 <= answers(str(address)) <= 299 for address in graph.objects(distribution, predicate))


def shacl_violations(graph: Graph, shapes: Path | None = None) -> dict[str, tuple[str, ...]]:
    """What the shapes say against each node, by its IRI; warnings are left out.

    The empty key holds what concerns a node that is no dataset and no distribution, such as the catalogue. Files of
    `shapes` named `hvd…` hold the rules of high-value datasets and are held against those alone.
    """
    if shapes is None:
        return _violations(graph, [_resource("shapes.ttl")])
    of_all = [file for file in sorted(shapes.glob("*.ttl")) if not file.name.lower().startswith("hvd")]
    of_high = [file for file in sorted(shapes.glob("*.ttl")) if file not in of_all]
    found = _violations(graph, [file.read_text("utf-8") for file in of_all]) if of_all else {}
    if of_high and (valuable := _high_value_part(graph)):
        more = _violations(valuable, [file.read_text("utf-8") for file in of_high])
        found |= {node: (*found.get(node, ()), *texts) for node, texts in more.items()}
    return found


def _violations(graph: Graph, shapes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    from pyshacl import validate

    data = Graph()
    data += graph
    data.parse(data=_resource("codelists.ttl"), format="turtle")
    for address in {item for item in graph.objects() if isinstance(item, URIRef)}:
        data.add((address, RDF.type, RDFS.Resource))  # true of every resource; some shapes ask for it aloud
    rules_ = Graph()
    for text in shapes:
        rules_.parse(data=text, format="turtle")
    _, report, _ = validate(data, shacl_graph=rules_, do_owl_imports=False, allow_warnings=True)
    return _by_node(graph, report)


def _high_value_part(graph: Graph) -> Graph:
    """The high-value datasets and all that is said of what they point at."""
    part = Graph()
    known = set(graph.subjects(RDF.type, DCAT.Dataset))
    waiting = [item for item in graph.subjects(HIGH_VALUE, None) if item in known]
    seen = set(waiting)
    while waiting:
        subject = waiting.pop()
        for predicate, value in graph.predicate_objects(subject):
            part.add((subject, predicate, value))
            if value not in seen and value not in known:
                seen.add(value)
                waiting.append(value)
    return part


def _by_node(graph: Graph, report: Any) -> dict[str, tuple[str, ...]]:
    known = {str(item) for kind in (DCAT.Dataset, DCAT.Distribution) for item in graph.subjects(RDF.type, kind)}
    found: dict[str, list[str]] = {}
    for root in report.subjects(RDF.type, SH.ValidationReport):
        for result in report.objects(root, SH.result):
            if report.value(result, SH.resultSeverity) != SH.Violation:
                continue
            node = str(report.value(result, SH.focusNode))
            path = str(report.value(result, SH.resultPath) or "").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
            text = str(report.value(result, SH.resultMessage) or "").split("\n")[0]
            found.setdefault(node if node in known else "", []).append(f"{path}: {text}" if path else text)
    return {node: tuple(sorted(texts)) for node, texts in found.items()}


def _resource(name: str) -> str:
    return files("vidkryto.report").joinpath("dcat", name).read_text("utf-8")
