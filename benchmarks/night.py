"""A night of many datasets: what sync costs, what an unchanged dataset costs, whether memory stays flat.

    VIDKRYTO_CKAN_URL=… VIDKRYTO_CKAN_TOKEN_FILE=… python benchmarks/night.py [--datasets 200] [--nights 3]
                                                                              [--worker-runs 0 [--empty]] [--postgres]

Needs a portal to try on (`vidkryto portal up`); the datasets are named night-001 and so on. A Prefect server of its own
is started on a free port, with its data in SQLite or, with `--postgres`, in a PostgreSQL of its own (the machine's, as
Debian's package postgresql has it). `--worker-runs` also gives so many runs to a process worker and watches its memory;
with `--empty` they are runs of a flow that does nothing, so that hundreds of them end in minutes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import requests
import yaml
from urllib3.util import Retry

from tests.support import postgres
from tests.support.prefect_server import AUTH, serving
from vidkryto.catalogue.deployments import pull_steps
from vidkryto.cli.prefect_here import time_zones

ROOT = Path(__file__).parents[1]
COLUMNS = {"uid": "integer", "label": "string", "places": "integer"}
EXPORT = "uid,label,places\n" + "".join(f"{number},Зупинка {number},{number % 7}\n" for number in range(1, 201))


def city(root: Path, count: int, organization: str) -> list[str]:
    """So many small datasets, each with a schedule; returns their names."""
    contact = {"name": "Відділ даних", "email": "data@city.example"}
    who = {"title": "Місто", "edrpou": "33332218", "contact": contact}
    names = [f"night-{number:03}" for number in range(1, count + 1)]
    schema = {"fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()], "primaryKey": ["uid"]}
    department = root / "datasets" / "transport"
    department.mkdir(parents=True)
    main = {**who, "name": "city", "organization": organization, "katottg": "UA68040470010096613"}
    _write(root / "datasets" / "city.yaml", main)
    _write(department / "department.yaml", {**who, "name": "transport"})
    for number, name in enumerate(names):
        source = {"folder": "exports", "pattern": "*.csv", "settle": 0}
        contract = {
            "name": name,
            "title": f"Зупинки {number}",
            "description": "Вимір швидкості.",
            "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
            "keywords": ["транспорт"],
            "resources": [{"name": "stops", "path": "stops.csv", "schema": schema, "source": source}],
            "publication": {
                "frequency": "daily",
                "theme": "TRAN",
                "schedule": {"cron": f"{number % 60} 3 * * *", "timezone": "Europe/Kyiv"},
                "columns": dict.fromkeys(COLUMNS, "open"),
                "approval": {"first": "none", "breaking": "required"},
            },
        }
        (department / name / "exports").mkdir(parents=True)
        _write(department / name / "dataset.yaml", contract)
        (department / name / "exports" / "stops.csv").write_text(EXPORT, encoding="utf-8")
    (root / "flows").symlink_to(ROOT / "flows")
    return names


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")


def run(environment: dict[str, str], *command: str) -> float:
    """Seconds of a command of ours."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return time.perf_counter() - began


def megabytes(process: int | str = "self") -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def nights(names: list[str], count: int) -> None:
    """In a process of its own: publish all once, then the same nights again; a line of JSON for each night."""
    sent = [0]
    original = requests.adapters.HTTPAdapter.send

    def counted(self: Any, request: Any, *rest: Any, **more: Any) -> Any:
        sent[0] += str(request.url).startswith(os.environ["VIDKRYTO_CKAN_URL"])
        return original(self, request, *rest, **more)

    requests.adapters.HTTPAdapter.send = counted  # type: ignore[method-assign]
    from flows.catalogue import publish_catalogue

    for night in range(count + 1):
        moments, outcomes, asked = [time.perf_counter()], [], sent[0]

        def told(_name: str, record: Any, moments: list[float] = moments, outcomes: list[str] = outcomes) -> None:
            moments.append(time.perf_counter())
            outcomes.append(getattr(record, "outcome", "Failed"))

        publish_catalogue(names, told=told, return_state=True)
        each = [after - before for before, after in itertools.pairwise(moments)]
        half = len(each) // 2
        line = {
            "night": night,
            "outcomes": {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
            "median": statistics.median(each[1:] or each),
            "longest": max(each[1:] or each),
            "halves": [statistics.median(each[1 : half + 1] or each), statistics.median(each[half + 1 :] or each)],
            "requests": (sent[0] - asked) / len(names),
            "memory": megabytes(),
        }
        print(json.dumps(line), flush=True)


def worker(here: dict[str, str], folder: Path, names: list[str], runs: int) -> Iterator[str]:
    """Give runs to a process worker, as `up` starts it, and tell its memory on the way; without names, empty runs."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "vidkryto", "--type", "process"]
    environment = {**here, "PREFECT_WORKER_QUERY_SECONDS": "3"}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen([*command, "--limit", "2"], env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        with server(here) as ask:
            ids = [ask("GET", f"deployments/name/publish-dataset/{name}")["id"] for name in names]
            ids = ids or [empty_deployment(ask, folder)]
            while not ask("POST", "work_pools/vidkryto/workers/filter", {}):
                time.sleep(1)
            yield f"| 0 | {megabytes(process.pid)} MB | |"
            done, step = 0, max(1, min(50, runs // 4, len(names) or 50))  # no dataset twice at a time: it is cancelled
            while done < runs:
                began, last = time.perf_counter(), min(runs, done + step)
                for number in range(done, last):
                    body = {"tags": ["benchmark"], "idempotency_key": f"benchmark-{number}"}
                    ask("POST", f"deployments/{ids[number % len(ids)]}/create_flow_run", body)
                done = last
                while ended(ask) < done:
                    time.sleep(2)
                yield f"| {done} | {megabytes(process.pid)} MB | {(time.perf_counter() - began) / step:.1f} |"
            completed = ended(ask, "COMPLETED")
            yield "" if completed == runs else f"\n{runs - completed} runs did not complete."
    finally:
        process.terminate()
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()


def empty_deployment(ask: Callable[..., Any], folder: Path) -> str:
    """A deployment of a flow that does nothing, in the worker's pool; its id."""
    (folder / "empty.py").write_text("from prefect import flow\n\n\n@flow\ndef empty() -> None:\n    pass\n")
    body = {
        "name": "empty", "flow_id": ask("POST", "flows/", {"name": "empty"})["id"], "entrypoint": "empty.py:empty",
        "work_pool_name": "vidkryto", "pull_steps": pull_steps(str(folder)),
    }  # fmt: skip
    return str(ask("POST", "deployments/", body)["id"])


def ended(ask: Callable[..., Any], *states: str) -> int:
    """How many of our runs are in these states; without states, in any that is final."""
    final = states or ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    wanted = {"tags": {"all_": ["benchmark"]}, "state": {"type": {"any_": final}}}
    return int(ask("POST", "flow_runs/count", {"flow_runs": wanted}))


@contextmanager
def server(here: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """What asks the Prefect server; asks again when it is busy, as one on SQLite is with 50 new runs at once."""
    again = Retry(total=12, backoff_factor=0.5, backoff_max=10, status_forcelist=[503], allowed_methods=None)
    with requests.Session() as session:
        session.auth = tuple(AUTH.split(":"))
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=again))

        def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
            answer = session.request(method, f"{here['PREFECT_API_URL']}/{path}", json=body, timeout=60)
            answer.raise_for_status()
            return answer.json()

        yield ask


@contextmanager
def database(folder: Path, wanted: bool) -> Iterator[dict[str, str]]:
    """What Prefect's server is told of its database: nothing, or where a PostgreSQL of ours is."""
    if not wanted:
        yield {}
        return
    place = postgres.complete_binaries()
    if place is None:
        sys.exit("--postgres wants PostgreSQL with pg_trgm, as Debian's package postgresql has it")
    folder.mkdir()
    folder.parent.chmod(0o755)  # PostgreSQL runs as another user where this one is root
    with postgres.for_prefect(place, folder) as address:
        yield {"PREFECT_SERVER_DATABASE_CONNECTION_URL": address}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--worker-runs", type=int, default=0)
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--organization", default="khmelnytskyi")
    parser.add_argument("--names", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.names:
        nights(given.names.split(","), given.nights)
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it, and so would the worker
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[1]:.1f}.\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = city(folder, given.datasets, given.organization)
        environment = {
            **os.environ,
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "VIDKRYTO_ROOT": str(folder),
            "VIDKRYTO_HOME": str(folder / "state"),
            "VIDKRYTO_AUDIT_KEY": str(folder / "audit.key"),
            **time_zones(folder / "state"),  # as `up` starts Prefect's server
        }
        run(environment, "-m", "vidkryto.cli", "audit", "init", "--practice", "--key", str(folder / "audit.key"))
        with (
            database(folder / "pg", given.postgres) as told,
            serving(folder, {**environment, **told}) as here,
        ):
            sync = ("-m", "vidkryto.cli", "deployments", "sync")
            print("| deployments | first sync, s | unchanged, s |\n|---|---|---|")
            print(f"| {len(names)} | {run(here, *sync):.1f} | {run(here, *sync):.1f} |\n", flush=True)
            command = [sys.executable, __file__, "--names", ",".join(names), "--nights", str(given.nights)]
            print(
                "| night | outcomes | seconds each, median | longest | first half / second half "
                "| portal requests each | memory |\n|---|---|---|---|---|---|---|"
            )
            with subprocess.Popen(command, env=here, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
                for text in process.stdout or ():
                    if not text.startswith("{"):
                        continue
                    told = json.loads(text)
                    halves = " / ".join(f"{half:.2f}" for half in told["halves"])
                    outcomes = ", ".join(f"{outcome} {count}" for outcome, count in told["outcomes"].items())
                    print(
                        f"| {told['night']} | {outcomes} | {told['median']:.2f} | {told['longest']:.2f} "
                        f"| {halves} | {told['requests']:.1f} | {told['memory']} MB |",
                        flush=True,
                    )
            if given.worker_runs:
                print("\n| runs | memory of the worker | seconds each |\n|---|---|---|")
                for line in worker(here, folder, [] if given.empty else names, given.worker_runs):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
