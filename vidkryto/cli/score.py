"""The command `score`: the metadata quality of what a portal serves, by the table of data.europa.eu."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings, tell_error

if TYPE_CHECKING:
    from rdflib import Graph

    from vidkryto.report.score import Score
    from vidkryto.settings import Settings

TIMEOUT = 30
LARGEST = 200 * 1024 * 1024


def score(
    dataset: Annotated[str, typer.Argument(help="A dataset; all of them when none is named.")] = "",
    rdf: Annotated[
        str, typer.Option("--rdf", help="Address or file of the RDF; default: the portal's catalogue.")
    ] = "",
    shapes: Annotated[Path | None, typer.Option("--shapes", help="Folder with the complete DCAT-AP shapes.")] = None,
    as_json: Json = False,
) -> None:
    """Score the metadata that the portal serves: 23 indicators, 405 points, a remedy for each lost one.

    Addresses are asked for real. Exit code 1 when a dataset has fewer than 405 points.

    Example: vidkryto score public-transport-stops
    """
    from vidkryto.report.score import FULL, score_datasets

    chosen = settings()
    graph = _graph(rdf or f"{chosen.ckan_url}/catalog.ttl", bool(rdf or chosen.ckan_url))
    scores = score_datasets(graph, _status(), shapes=shapes)
    scores = tuple(item for item in scores if not dataset or item.dataset.rstrip("/").endswith(f"/{dataset}"))
    if scores and not rdf:
        _keep(chosen, scores)
    if not scores:
        people().print(say("The catalogue has no dataset {dataset}.", dataset=dataset), markup=False)
        raise typer.Exit(2)
    if as_json:
        print_json([_as_data(item) for item in scores])
    else:
        _show(scores, chosen.language)
    if any(item.points < FULL for item in scores):
        raise typer.Exit(1)


def measure_all(chosen: Settings) -> None:
    """Score every dataset of the portal and keep the scores for the report; a portal without RDF is left unscored."""
    from vidkryto.errors import PortalError
    from vidkryto.report.score import score_datasets

    try:
        graph = _graph(f"{chosen.ckan_url}/catalog.ttl", bool(chosen.ckan_url))
    except PortalError as error:
        tell_error(error)
        return
    _keep(chosen, score_datasets(graph, _status()))


def _keep(chosen: Settings, scores: tuple[Score, ...]) -> None:
    from vidkryto import clock
    from vidkryto.report.kept_scores import keep_scores

    keep_scores(chosen.home, scores, clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))


def _show(scores: tuple[Score, ...], language: str) -> None:
    rows = [
        (item.dataset.rstrip("/").rsplit("/", 1)[-1], item.points, item.band, len(item.violations)) for item in scores
    ]
    print_table(("dataset", "points of 405", "band", "violations"), rows)
    for item in scores:
        for lost in item.lost:
            name = item.dataset.rstrip("/").rsplit("/", 1)[-1]
            people().print(f"{name}: -{lost.rule.points} {lost.rule.name}: {lost.rule.remedy[language]}", markup=False)
        for violation in item.violations:
            people().print(f"  {violation}", markup=False)


def _as_data(item: Score) -> dict[str, Any]:
    return {
        "dataset": item.dataset,
        "points": item.points,
        "band": item.band,
        "indicators": {measured.rule.name: measured.points for measured in item.measured},
        "lost": [{"indicator": lost.rule.name, **dict(lost.rule.remedy)} for lost in item.lost],
        "violations": list(item.violations),
    }


def _graph(source: str, known: bool) -> Graph:
    """The RDF at an address or in a file. Raises PortalError when there is none, or when it is no RDF."""
    from rdflib import Graph

    from vidkryto.errors import PortalError

    if not known:
        raise PortalError("no portal is known", remedy="Start one with `vidkryto portal up`, or name --rdf.")
    try:
        if source.startswith(("http://", "https://")):
            status, content, media = _get(source)
            if status != 200:
                raise PortalError(f"{source} answers {status}", remedy="Is the portal up, and has it ckanext-dcat?")
            graph = Graph().parse(data=content.decode("utf-8"), format="json-ld" if "json" in media else "turtle")
            return _with_next_pages(graph)
        return Graph().parse(source, format="json-ld" if source.endswith("ld") else "turtle")
    except (OSError, ValueError, SyntaxError, IndexError) as error:  # rdflib's parsers let each of these out
        raise PortalError(
            f"{source} cannot be read as RDF ({type(error).__name__})",
            remedy="The address must give Turtle or JSON-LD; `vidkryto rdf` writes both for --rdf.",
        ) from error


def _with_next_pages(graph: Graph) -> Graph:
    """The catalogue's other pages too: ckanext-dcat tells the next one in words of Hydra (100 datasets a page)."""
    from rdflib import Graph, Namespace

    hydra = Namespace("http://www.w3.org/ns/hydra/core#")
    seen: set[str] = set()
    page = graph
    while following := {str(item) for item in page.objects(None, hydra.nextPage)} - seen:
        seen |= following
        page = Graph()
        for address in following:
            page.parse(data=_get(address)[1].decode("utf-8"), format="turtle")
        graph += page
    return graph


def _status() -> Callable[[str], int]:
    """A function that asks an address once and remembers its status; 0 when there is no answer."""

    @cache
    def ask(address: str) -> int:
        if not address.startswith(("http://", "https://")):
            return 0
        try:
            return _get(address)[0]
        except (OSError, ValueError):
            return 0

    return ask


def _get(address: str) -> tuple[int, bytes, str]:
    """Status, content and media type of an http or https address."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(address, headers={"User-Agent": "vidkryto", "Accept": "text/turtle, */*"})  # noqa: S310 - http(s)
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme was checked by the caller
            return answer.status, answer.read(LARGEST), answer.headers.get_content_type()
    except HTTPError as error:
        with error:
            return error.code, b"", ""
