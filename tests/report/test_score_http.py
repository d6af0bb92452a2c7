"""The score asks addresses for real: what answers wins its points, what is gone loses them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer
from typer.testing import CliRunner

from vidkryto.cli.score import score
from vidkryto.errors import PortalError

RDF = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
<{site}/dataset/stops> a dcat:Dataset ;
  dct:title "Зупинки"@uk, "Stops"@en ; dct:description "Зупинки"@uk, "Stops"@en ;
  dcat:distribution <{site}/dataset/stops/resource/1> .
<{site}/dataset/stops/resource/1> a dcat:Distribution ;
  dcat:accessURL <{site}/dataset/stops/resource/1> ; dcat:downloadURL <{site}/gone.csv> .
"""


@pytest.fixture
def site() -> Iterator[str]:
    """A small portal on loopback: the catalogue and pages answer, `/gone.csv` does not exist."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path != "/gone.csv"
            content = RDF.format(site=address).encode() if self.path == "/catalog.ttl" else b"<html></html>"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/turtle" if self.path.endswith("ttl") else "text/html")
            self.end_headers()
            self.wfile.write(content if found else b"")

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    """Exit code, standard output and error of the command."""
    app = typer.Typer()
    app.command()(score)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.exception


def test_addresses_are_asked_for_real(site: str) -> None:
    """The page answers and wins 50 points, the file is gone and loses 30; its address alone wins 20."""
    code, output, _ = run("stops", "--rdf", f"{site}/catalog.ttl", "--json")
    (told,) = json.loads(output)
    assert code == 1
    assert told["indicators"]["access-url-status"] == 50
    assert told["indicators"]["download-url"] == 20
    assert told["indicators"]["download-url-status"] == 0
    assert told["indicators"]["compliance"] == 30
    assert told["points"] == 100
    assert told["band"] == "bad"


def test_a_portal_without_rdf_is_told(site: str) -> None:
    """A page that is no RDF, or is not there, ends with a message and a remedy."""
    assert isinstance(run("--rdf", f"{site}/gone.csv")[2], PortalError)
    assert isinstance(run("--rdf", f"{site}/page.html")[2], PortalError)
