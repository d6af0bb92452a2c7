"""`vidkryto demo` and `vidkryto stop`: the main job on this machine, from nothing to a portal with data."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli import prefect_here, processes
from vidkryto.cli.common import people, print_table, say, settings, tell_error

if TYPE_CHECKING:
    from vidkryto.settings import Settings

REPORT_PORT = 5156
APPROVER = ("demo-operator", "make demo", "Перша публікація вигаданих зразків на пробному порталі цієї машини")
PREFECT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
}
"""A server of the run's own, on loopback, that asks nothing outside and ends with the run."""


def demo(
    port: Annotated[int | None, typer.Option(help="Port of the portal.")] = None,
    report_port: Annotated[int, typer.Option(help="Port of the report.")] = REPORT_PORT,
) -> None:
    """Bring up the local portal, publish every dataset of datasets/ to it by the Prefect flow, and show the report.

    Portal and report stay up; `vidkryto stop` ends them. Exit codes as of `vidkryto publish`.

    Example: vidkryto demo
    """
    started = time.monotonic()
    chosen = settings()
    if os.environ.get("VIDKRYTO_CKAN_URL"):
        people().print(say("VIDKRYTO_CKAN_URL is set: the demo leaves that portal alone and uses the local one."))
    _portal_up(port)
    for name in ("VIDKRYTO_CKAN_URL", "VIDKRYTO_CKAN_TOKEN", "VIDKRYTO_CKAN_TOKEN_FILE"):
        os.environ.pop(name, None)
    os.environ |= {"VIDKRYTO_ROOT": str(chosen.root), "VIDKRYTO_HOME": str(chosen.home)}
    chosen = settings()
    _ledger(chosen)
    from vidkryto.cli.run import COLUMNS, build_report

    address = _serve_report(chosen, Path(build_report(chosen)), report_port)
    rows, code = _publish_all(settings())
    _score(chosen, rows)
    build_report(chosen)
    print_table(COLUMNS, rows)
    typer.echo(f"\n{say('Portal')}: {chosen.ckan_url}/dataset\n{say('Report')}: {address}\n")
    seconds = round(time.monotonic() - started)
    people().print(say("Done in {seconds} s. Both stay up; `make stop` ends them.", seconds=seconds))
    raise typer.Exit(code)


def _score(chosen: Settings, rows: list[tuple[Any, ...]]) -> None:
    """Measure the metadata that the portal serves now, where anything was published since the last time."""
    from vidkryto.cli.score import measure_all
    from vidkryto.report.kept_scores import read_scores

    if any(row[1] == "Published" for row in rows) or not read_scores(chosen.home):
        measure_all(chosen)


def _portal_up(port: int | None) -> None:
    from vidkryto.cli import portal

    code, _ = portal.run("up", *([] if port is None else ["--port", str(port)]))
    if code:
        raise typer.Exit(code)


def _ledger(chosen: Settings) -> None:
    """A ledger to practise with: its key lies in the state folder, which a real one never does."""
    from vidkryto.pipeline.remember import PRACTICE_KEY
    from vidkryto.record import Ledger, SigningKey

    key = chosen.home / PRACTICE_KEY
    if (chosen.home / "ledger" / "entries.jsonl").is_file():
        return
    if not key.is_file():
        SigningKey.generate("vidkryto-practice/demo").save(key)
    Ledger.create(chosen.home, key=key)


def _publish_all(chosen: Settings) -> tuple[list[tuple[Any, ...]], int]:
    """Run the catalogue's flow over every active dataset; rows of the summary and the exit code."""
    from vidkryto.catalogue import load_all
    from vidkryto.cli.run import EXIT_CODES, row_of, tell

    datasets, errors = load_all(chosen.datasets)
    names = [item.name for item in datasets if item.contract.publication.status == "active"]
    os.environ |= {name: value for name, value in PREFECT.items() if name not in os.environ}
    os.environ.setdefault("PREFECT_HOME", str(chosen.home / "prefect"))
    login = prefect_here.password(chosen.home).reveal()
    os.environ |= {"PREFECT_SERVER_API_AUTH_STRING": login, "PREFECT_API_AUTH_STRING": login}
    people().print(say("Starting the Prefect flow (its own small server takes some seconds) …"))
    sys.path.insert(0, str(chosen.root))
    from flows.catalogue import publish_catalogue

    records: dict[str, Any] = {}

    def told(name: str, ended: Any) -> None:
        records[name] = ended
        people().print(f"[{len(records)}/{len(names)}]", end=" ", markup=False)
        if isinstance(ended, Exception):
            people().print(f"{name}: {ended}", markup=False)
        else:
            tell(ended, chosen.language)

    from vidkryto.pipeline import Approver

    publish_catalogue(names, approval=Approver(*APPROVER), told=told, return_state=True)
    failed = [name for name in names if isinstance(records.get(name), Exception) or name not in records]
    rows = [row_of(records[name]) for name in names if name not in failed]
    rows += [(name, say("Failed"), "", "", "", "") for name in failed]
    for error in errors:
        tell_error(error)
    outcomes = [2 if name in failed else EXIT_CODES[records[name].outcome] for name in names]
    return rows, max([*outcomes, 2 if errors else 0])


def _serve_report(chosen: Settings, site: Path, port: int) -> str:
    """Serve the report on loopback, or leave the server that does so already."""
    home = chosen.home / "report"
    if processes.find("server", home) is not None and chosen.report_url:
        return f"{chosen.report_url}/"
    remedy = "End that program, or choose another port: vidkryto demo --report-port 5256"
    processes.refuse_taken(port, remedy)
    server = [sys.executable, "-m", "vidkryto.cli.serve", str(site), str(port)]
    processes.start("server", home, server, ready=lambda: processes.answers(port))
    url = f"http://127.0.0.1:{port}/"
    (home / "url").write_text(url, encoding="utf-8")
    return url


def stop() -> None:
    """Stop what `vidkryto demo` or `vidkryto up` left up: the report, Prefect, the local portal. The data is kept.

    Example: vidkryto stop
    """
    from vidkryto.cli import portal

    chosen = settings()
    kept = [processes.stop(name, chosen.home / "up") for name in ("keeper", "up")]
    if any(kept):
        people().print(say("Everything has stopped; the next `vidkryto up` goes on where this one ended."))
    for name in ("prefect-worker", "prefect-server", "report-server"):
        processes.stop(name, chosen.home / "up")
    for left in ("report/url", "prefect/url", "up/ready", "up/down.json"):  # by a keeper that was killed
        (chosen.home / left).unlink(missing_ok=True)
    if processes.stop("server", chosen.home / "report"):
        people().print(say("The report's server has stopped."))
    code, _ = portal.run("down")
    raise typer.Exit(code)
