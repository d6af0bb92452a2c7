"""What the doctor says of `vidkryto up`: whether the programs run that publish by schedule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from vidkryto.catalogue import load_all
from vidkryto.catalogue.deployments import OWNER, POOL, entries, has_alerts
from vidkryto.cli import prefect_here, processes
from vidkryto.observe.doctor import Check
from vidkryto.settings import Settings

KEPT = ("prefect-server", "prefect-worker", "report-server")
"""The programs that `vidkryto up` keeps."""
LOGS = "The logs are in up/ of the state folder; or start anew: vidkryto stop, vidkryto up."


def programs(settings: Settings) -> Iterator[Check]:
    """Keeper, server, worker and deployments on this machine. Where PREFECT_API_URL names a server, that is another's.

    A `vidkryto up` that was not ended but is gone is an error. Where it was stopped, or never started, nothing
    publishes by schedule but a cron of the city's own, of which nothing is known here: a warning.
    """
    home = settings.home
    if processes.find("keeper", home / "up") is None:
        broken = prefect_here.address(home) or (home / "up" / "keeper.json").is_file()
        if broken:
            yield Check("programs", "error", "vidkryto up has ended without being stopped", "Start it: vidkryto up")
        elif not os.environ.get("PREFECT_API_URL"):
            remedy = "Start vidkryto up; where cron runs vidkryto publish --due, this is as it should be."
            yield Check("programs", "warning", "nothing runs here that publishes by schedule", remedy)
        return
    if not (home / "up" / "ready").is_file():
        yield Check("programs", "warning", "vidkryto up is starting", "Look again in a minute.")
        return
    remarks = [*_ended(settings), *_unready(settings)]
    yield from remarks or [Check("programs", "ok", "server, worker and report run, and all is deployed")]


def _ended(settings: Settings) -> Iterator[Check]:
    for name in KEPT:
        if processes.find(name, settings.home / "up") is None:
            yield Check("programs", "error", f"{name} does not run", LOGS)


def _unready(settings: Settings) -> Iterator[Check]:
    """What the server itself says: that it is ready, has a worker, and has every deployment."""
    port = urlsplit(prefect_here.address(settings.home)).port
    if port is None:  # it is just ending
        return
    login = prefect_here.password(settings.home)
    try:
        _, workers = prefect_here.ask(port, login, "POST", f"/work_pools/{POOL}/workers/filter", {})
        ours = {"deployments": {"tags": {"all_": [OWNER]}}}
        status, deployed = prefect_here.ask(port, login, "POST", "/deployments/count", ours)
    except OSError as error:
        yield Check("programs", "error", f"the Prefect server does not answer: {type(error).__name__}", LOGS)
        return
    if status != 200:
        yield Check("programs", "error", f"the Prefect server does not answer: {status}", LOGS)
        return
    if not any(isinstance(worker, dict) and worker.get("status") == "ONLINE" for worker in workers or ()):
        yield Check("programs", "error", "no worker asks the Prefect server for runs", LOGS)
    datasets, _ = load_all(settings.datasets)
    wanted = len(entries(datasets, alerts=has_alerts(settings.root)))
    if deployed < wanted:
        words = f"{deployed} of {wanted} deployments are on the Prefect server"
        yield Check("programs", "error", words, "Deploy them: vidkryto deployments sync")
