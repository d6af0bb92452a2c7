"""What must hold for the measurements in DQV and PROV-O."""

from __future__ import annotations

from pathlib import Path

from rdflib import PROV, RDF, Graph, Literal, URIRef

from vidkryto.record.run import RunRecord
from vidkryto.report import DatasetDescription, build_site
from vidkryto.report.quality_graph import DQV, quality_turtle


def latest(home: Path, dataset: str) -> RunRecord:
    """The newest run of a dataset."""
    return RunRecord.load(sorted((home / "runs" / dataset).rglob("run.json"))[-1])


def test_measurements_are_computed_on_the_dataset_by_the_run(home: Path) -> None:
    """One measurement for each metric; the run used the export and generated the release."""
    run = latest(home, "budget-spending")
    graph = Graph().parse(data=quality_turtle(run), format="turtle")
    activity = URIRef(f"urn:vidkryto:run:{run.run_id}")
    dataset = URIRef("https://data.city.example/dataset/budget-spending")
    assert (activity, PROV.used, URIRef("urn:sha256:" + "b" * 64)) in graph
    measured = set(graph.subjects(RDF.type, DQV.QualityMeasurement))
    assert len(measured) == len(run.metrics)
    assert {graph.value(item, DQV.computedOn) for item in measured} == {dataset}
    assert {graph.value(item, PROV.wasGeneratedBy) for item in measured} == {activity}


def test_findings_are_counts_without_values(home: Path) -> None:
    """The number of places of each code, and nothing of a cell or a file."""
    run = latest(home, "public-transport-stops")
    written = quality_turtle(run)
    graph = Graph().parse(data=written, format="turtle")
    counted = URIRef(f"urn:vidkryto:run:{run.run_id}:finding/export-missing")
    assert graph.value(counted, DQV.value) == Literal(18)
    assert "49,4l2" not in written
    assert ".xlsx" not in written


def test_an_exception_is_a_quality_annotation(home: Path) -> None:
    """With its reason and the day it ends."""
    graph = Graph().parse(data=quality_turtle(latest(home, "school-catalogue")), format="turtle")
    assert len(set(graph.subjects(RDF.type, DQV.QualityAnnotation))) == 1


def test_every_dataset_that_ran_has_its_graph_on_the_site(home: Path, descriptions: list[DatasetDescription]) -> None:
    """Beside the page, in both editions."""
    for edition in ("internal", "public"):
        site = build_site(home, descriptions, edition=edition)
        assert (site / "datasets/budget-spending/quality.ttl").is_file()
