"""DCAT-AP of a release, and its score: full marks, and each missing thing loses its own points."""

import json
import socket
from pathlib import Path

import pyarrow as pa
import pytest
from rdflib import DCAT, DCTERMS, RDF, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from typer.testing import CliRunner

from vidkryto.catalogue import load_dataset
from vidkryto.cli.score import score as score_command
from vidkryto.release import ReadyTable, Release, Releases, build_release
from vidkryto.release.dcat import Addresses, catalogue_graph, to_jsonld, to_turtle
from vidkryto.report.score import FULL, Score, rules, score_datasets, shacl_violations

ROOT = Path(__file__).parents[2]
SHAPES = ROOT.parent / "shared" / "dcat-ap"
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # raised inside rdflib
PORTAL = "https://data.khm.example"
AUTHORITY = "http://publications.europa.eu/resource/authority"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the dataset with a high-value category, of two rows."""
    dataset = load_dataset(ROOT / "datasets" / "environment" / "air-quality")
    schema = dict(dataset.schemas["measurements"])
    names = [field["name"] for field in schema["fields"]]
    text = pa.table({name: pa.array([f"{name}-1", f"{name}-2"]) for name in names})
    ready = ReadyTable(canonical=text, typed=text, schema=schema, key=(), report={})
    made = build_release(
        dataset,
        {"measurements": ready},
        created="2026-11-02T08:00:00Z",
        releases=Releases(tmp_path_factory.mktemp("releases")),
    )
    assert made is not None
    return made


@pytest.fixture
def graph(release: Release) -> Graph:
    """The catalogue with one dataset of one distribution, so that no other distribution makes up for a loss."""
    page = f"{PORTAL}/dataset/air-quality"
    csv = release.tables[0].csv.name
    files = {csv: (f"{page}/resource/1", f"{page}/resource/1/download/{csv}")}
    return catalogue_graph([(release, Addresses(PORTAL, page, files, api=f"{PORTAL}/api/3/action/datastore_search"))])


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may ask the web: code lists and shapes are on the machine."""

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def scored(graph: Graph, missing: str = "") -> Score:
    """The score of the only dataset; addresses that contain `missing` answer 404."""
    (score,) = score_datasets(graph, lambda address: 404 if missing and missing in address else 200)
    return score


def test_the_table_is_that_of_the_methodology() -> None:
    """23 indicators, 405 points, each with a remedy in both languages."""
    assert len(rules()) == 23
    assert sum(rule.points for rule in rules()) == FULL
    assert all(rule.remedy["uk"] and rule.remedy["en"] for rule in rules())


def test_a_release_scores_full_marks(graph: Graph) -> None:
    """Our own RDF wins every point and breaks no shape."""
    score = scored(graph)
    assert score.lost == ()
    assert score.points == FULL
    assert score.band == "excellent"
    assert score.violations == ()


def test_the_rdf_is_the_same_every_time_and_survives_reading(graph: Graph, release: Release) -> None:
    """Turtle and JSON-LD read back to the same graph, and are the same bytes when written again."""
    assert isomorphic(Graph().parse(data=to_turtle(graph), format="turtle"), graph)
    assert isomorphic(Graph().parse(data=to_jsonld(graph), format="json-ld"), graph)
    assert to_jsonld(graph) == to_jsonld(Graph().parse(data=to_turtle(graph), format="turtle"))
    assert release.metadata["title"]["en"] in to_turtle(graph)


def dataset_of(graph: Graph) -> URIRef:
    """The only dataset."""
    return URIRef(str(next(graph.subjects(RDF.type, DCAT.Dataset))))


def distribution_of(graph: Graph) -> URIRef:
    """The only distribution."""
    return URIRef(str(next(graph.subjects(RDF.type, DCAT.Distribution))))


def replaced(graph: Graph, subject: URIRef, predicate: URIRef, value: URIRef, kind: str) -> None:
    """Put another value, of the class the shapes want, in place of all values."""
    graph.set((subject, predicate, value))
    graph.add((value, RDF.type, URIRef(kind)))


REMOVED = [
    ("keywords", "dataset", DCAT.keyword, {"keywords"}),
    ("categories", "dataset", DCAT.theme, {"categories"}),
    ("spatial", "dataset", DCTERMS.spatial, {"spatial"}),
    ("temporal", "dataset", DCTERMS.temporal, {"temporal"}),
    ("contact", "dataset", DCAT.contactPoint, {"contact"}),
    ("publisher", "dataset", DCTERMS.publisher, {"publisher"}),
    ("issued", "dataset", DCTERMS.issued, {"issued"}),
    ("modified", "dataset", DCTERMS.modified, {"modified"}),
    ("access-rights", "dataset", DCTERMS.accessRights, {"access-rights", "access-rights-vocabulary"}),
    ("rights", "distribution", DCTERMS.rights, {"rights"}),
    ("byte-size", "distribution", DCAT.byteSize, {"byte-size"}),
    ("licence", "distribution", DCTERMS.license, {"licence", "licence-vocabulary"}),
    ("media-type", "distribution", DCAT.mediaType, {"media-type", "format-vocabulary"}),
    ("download-url", "distribution", DCAT.downloadURL, {"download-url", "download-url-status"}),
    (
        "format",
        "distribution",
        DCTERMS["format"],
        {"format", "format-vocabulary", "non-proprietary", "machine-readable"},
    ),
]


@pytest.mark.parametrize(("name", "level", "predicate", "lost"), REMOVED, ids=[item[0] for item in REMOVED])
def test_what_is_missing_loses_its_points(
    graph: Graph, name: str, level: str, predicate: URIRef, lost: set[str]
) -> None:
    """A removed property loses its own indicator and those that look at its value, no other."""
    owner = dataset_of(graph) if level == "dataset" else distribution_of(graph)
    graph.remove((owner, predicate, None))
    score = scored(graph)
    assert {item.rule.name for item in score.lost} == lost
    assert name in lost
    assert score.points == FULL - sum(rule.points for rule in rules() if rule.name in lost)


CHANGED = [
    ("access-rights-vocabulary", DCTERMS.accessRights, "https://khm.example/rights", str(DCTERMS.RightsStatement)),
    ("licence-vocabulary", DCTERMS.license, "https://khm.example/licence", str(DCTERMS.LicenseDocument)),
    ("format-vocabulary", DCAT.mediaType, "https://khm.example/csv", str(DCTERMS.MediaType)),
    ("non-proprietary", DCTERMS["format"], f"{AUTHORITY}/file-type/XLSX", str(DCTERMS.MediaTypeOrExtent)),
    ("machine-readable", DCTERMS["format"], f"{AUTHORITY}/file-type/TXT", str(DCTERMS.MediaTypeOrExtent)),
]


@pytest.mark.parametrize(("name", "predicate", "value", "kind"), CHANGED, ids=[item[0] for item in CHANGED])
def test_a_value_outside_the_vocabulary_loses_its_points(
    graph: Graph, name: str, predicate: URIRef, value: str, kind: str
) -> None:
    """A value that no list knows, or of a closed or unreadable format, loses exactly its indicator."""
    owner = dataset_of(graph) if predicate == DCTERMS.accessRights else distribution_of(graph)
    replaced(graph, owner, predicate, URIRef(value), kind)
    score = scored(graph)
    assert [item.rule.name for item in score.lost] == [name]


@pytest.mark.parametrize(
    ("name", "missing"), [("access-url-status", "/resource/1"), ("download-url-status", "/download/")]
)
def test_an_address_that_does_not_answer_loses_its_points(graph: Graph, name: str, missing: str) -> None:
    """404 scores nothing, though the address is there."""
    if name == "access-url-status":
        graph.set((distribution_of(graph), DCAT.downloadURL, URIRef(f"{PORTAL}/file.csv")))
    score = scored(graph, missing)
    assert [item.rule.name for item in score.lost] == [name]


def test_a_violation_loses_the_points_of_compliance(graph: Graph) -> None:
    """A dataset without an English title breaks a shape; the violation is told."""
    dataset = dataset_of(graph)
    for title in list(graph.objects(dataset, DCTERMS.title)):
        if isinstance(title, Literal) and title.language == "en":
            graph.remove((dataset, DCTERMS.title, title))
    score = scored(graph)
    assert [item.rule.name for item in score.lost] == ["compliance"]
    assert score.violations == ("title: the title in English is missing",)


def test_an_unknown_code_breaks_a_shape(graph: Graph) -> None:
    """A wrong address of a code list fails, though it looks right."""
    graph.set((dataset_of(graph), DCTERMS.accrualPeriodicity, URIRef(f"{AUTHORITY}/frequency/FORTNIGHT")))
    assert any("accrualPeriodicity" in text for text in scored(graph).violations)


FILES = [
    "3.0.1/html/shacl/shapes.ttl",
    "3.0.1/html/shacl/range.ttl",
    "3.0.1/html/shacl/shapes_recommended.ttl",
    "3.0.1/html/shacl/mdr-vocabularies.shape.ttl",
    "3.0.1/html/shacl/deprecateduris.ttl",
    "3.0.0-hvd/hvd-SHACL-base.ttl",
    "3.0.0-hvd/hvd-SHACL-ranges.ttl",
    "3.0.0-hvd/hvd-SHACL-full.ttl",
]


@pytest.mark.skipif(not SHAPES.is_dir(), reason="left out: the EU's shapes (../shared/dcat-ap) are not on this machine")
@pytest.mark.parametrize("file", FILES)
def test_a_high_value_dataset_conforms_to_the_shapes_of_the_eu(graph: Graph, file: str, tmp_path: Path) -> None:
    """No violation of DCAT-AP 3.0.1 (base, ranges, recommended, vocabularies) and of its annex for high value."""
    (tmp_path / "shapes.ttl").write_bytes((SHAPES / file).read_bytes())
    assert shacl_violations(graph, tmp_path) == {}


def test_the_command_tells_what_is_lost(graph: Graph, tmp_path: Path) -> None:
    """`vidkryto score` reads RDF from a file too, names the remedy and ends with 1."""
    import typer

    file = tmp_path / "catalog.ttl"
    file.write_text(to_turtle(graph), encoding="utf-8")
    app = typer.Typer()
    app.command()(score_command)
    result = CliRunner().invoke(app, ["air-quality", "--rdf", str(file), "--json"])
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["points"] == FULL - 80
    assert {item["indicator"] for item in told["lost"]} == {"access-url-status", "download-url-status"}


def test_the_catalogue_is_written_from_published_releases(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`vidkryto rdf` needs no portal to answer; what it writes scores full marks once the addresses do."""
    import shutil

    import typer

    from vidkryto.cli.rdf import rdf

    home = tmp_path / "home" / "releases" / "air-quality"
    shutil.copytree(release.folder.parent, home)
    Releases(home).mark_published(Releases(home).all()[0])
    monkeypatch.setenv("VIDKRYTO_ROOT", str(ROOT))
    monkeypatch.setenv("VIDKRYTO_HOME", str(tmp_path / "home"))
    app = typer.Typer()
    app.command()(rdf)
    result = CliRunner().invoke(app, ["--portal", PORTAL, "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    written = Graph().parse(tmp_path / "catalog.ttl", format="turtle")
    assert scored(written).points == FULL
    assert isomorphic(Graph().parse(tmp_path / "dcat.jsonld", format="json-ld"), written)
