"""The command `rdf`: the catalogue as DCAT-AP, made from the published releases without asking the portal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidkryto.cli.common import people, say, settings

if TYPE_CHECKING:
    from vidkryto.release import Release, Releases
    from vidkryto.release.dcat import Addresses


def rdf(
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the files; default: the report site.")] = None,
    portal: Annotated[str, typer.Option("--portal", help="Public address of the portal; default: the portal's.")] = "",
) -> None:
    """Write `catalog.ttl` and `dcat.jsonld` of all published datasets.

    Example: vidkryto rdf --portal https://data.khm.example
    """
    from vidkryto.catalogue import load_all
    from vidkryto.errors import SettingsError
    from vidkryto.release import Releases
    from vidkryto.release.dcat import catalogue_graph, to_jsonld, to_turtle

    chosen = settings()
    address = (portal or chosen.ckan_url).rstrip("/")
    if not address:
        raise SettingsError("no portal is known", remedy="Name --portal, or set VIDKRYTO_CKAN_URL.")
    entries = []
    for dataset in load_all(chosen.datasets)[0]:
        releases = Releases(chosen.home / "releases" / dataset.name)
        if release := releases.published():
            entries.append((release, addresses_of(release, releases, address)))
    if not entries:
        people().print(say("Nothing is published yet; run `vidkryto publish` first."))
        raise typer.Exit(1)
    graph = catalogue_graph(entries)
    folder = to or chosen.home / "site"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.ttl").write_text(to_turtle(graph), encoding="utf-8")
    (folder / "dcat.jsonld").write_text(to_jsonld(graph), encoding="utf-8")
    words = "Datasets in {file} and dcat.jsonld: {count}"
    people().print(say(words, file=folder / "catalog.ttl", count=len(entries)), markup=False)


def addresses_of(release: Release, releases: Releases, portal: str) -> Addresses:
    """Where a release is found on a CKAN portal: the ids of its resources never change."""
    from vidkryto.plan.names import resource_id
    from vidkryto.release.dcat import Addresses

    page = f"{portal}/dataset/{release.dataset}"
    files = {}
    for file in release.files:
        resource = f"{page}/resource/{resource_id(release.dataset, file.name)}"
        files[file.name] = (resource, f"{resource}/download/{file.name}")
    first = releases.all()
    return Addresses(
        portal=portal,
        page=page,
        files=files,
        api=f"{portal}/api/3/action/datastore_search",
        issued=first[0].created if first else release.created,
    )
