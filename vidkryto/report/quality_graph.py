"""A run's measurements for machines: the W3C's Data Quality Vocabulary (DQV) and PROV-O, as Turtle."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from rdflib import DCTERMS, PROV, RDF, XSD, Graph, Literal, Namespace, URIRef

from vidkryto.findings.catalogue import codes
from vidkryto.record.run import RunRecord

DQV = Namespace("http://www.w3.org/ns/dqv#")
OA = Namespace("http://www.w3.org/ns/oa#")


def quality_turtle(run: RunRecord) -> str:
    """The run as an activity that used exports and generated a release, with its measurements and counts of findings.

    Approved exceptions are quality annotations. Names and numbers only: neither values nor places of findings.
    """
    graph = Graph()
    for prefix, namespace in (("dqv", DQV), ("oa", OA), ("prov", PROV), ("dcterms", DCTERMS)):
        graph.bind(prefix, namespace)
    dataset = URIRef(run.receipt.url) if run.receipt else _name("dataset", run.dataset)
    activity = _name("run", run.run_id)
    _activity(graph, run, activity, dataset)
    for metric in run.metrics:
        place = f"{metric.resource}/{metric.name}"
        _measurement(graph, activity, dataset, _name("metric", metric.name), place, _number(metric.value))
    for code in sorted({task.code for task in run.tasks}):
        count = sum(task.count for task in run.tasks if task.code == code)
        _measurement(graph, activity, dataset, _name("finding", code), f"finding/{code}", Literal(count))
        for language, title in (codes()[code].title if code in codes() else {}).items():
            graph.add((_name("finding", code), DCTERMS.title, Literal(title, lang=language)))
    for number, exemption in enumerate(run.exceptions):
        note = _name("exception", f"{run.run_id}/{number}")
        graph.add((note, RDF.type, DQV.QualityAnnotation))
        graph.add((note, OA.hasTarget, dataset))
        graph.add((note, OA.bodyValue, Literal(exemption.reason)))
        graph.add((note, DCTERMS.valid, Literal(exemption.until, datatype=XSD.date)))
        for code in exemption.findings:
            graph.add((note, DCTERMS.subject, _name("finding", code)))
    return graph.serialize(format="turtle")


def _activity(graph: Graph, run: RunRecord, activity: URIRef, dataset: URIRef) -> None:
    graph.add((dataset, RDF.type, PROV.Entity))
    graph.add((activity, RDF.type, PROV.Activity))
    graph.add((activity, PROV.startedAtTime, Literal(run.started, datatype=XSD.dateTime)))
    graph.add((activity, PROV.endedAtTime, Literal(run.finished, datatype=XSD.dateTime)))
    for snapshot in run.snapshots:
        export = URIRef(f"urn:sha256:{snapshot.sha256}")
        graph.add((export, RDF.type, PROV.Entity))
        graph.add((activity, PROV.used, export))
    if run.release and run.outcome == "Published":
        release = URIRef(f"urn:sha256:{run.release.sha256}")
        graph.add((release, RDF.type, PROV.Entity))
        graph.add((release, PROV.wasGeneratedBy, activity))
        graph.add((release, PROV.specializationOf, dataset))
        graph.add((release, DCTERMS.hasVersion, Literal(run.release.version)))


def _measurement(graph: Graph, activity: URIRef, dataset: URIRef, metric: URIRef, place: str, value: Literal) -> None:
    made = URIRef(f"{activity}:{quote(place, safe='/')}")
    graph.add((metric, RDF.type, DQV.Metric))
    graph.add((made, RDF.type, DQV.QualityMeasurement))
    graph.add((made, DQV.isMeasurementOf, metric))
    graph.add((made, DQV.computedOn, dataset))
    graph.add((made, DQV.value, value))
    graph.add((made, PROV.wasGeneratedBy, activity))


def _name(kind: str, name: str) -> URIRef:
    return URIRef(f"urn:vidkryto:{kind}:{quote(name, safe='/')}")


def _number(value: str) -> Literal:
    """A measured value as a decimal, or as words when it is none (a date)."""
    try:
        return Literal(Decimal(value))
    except InvalidOperation:
        return Literal(value)
