"""Metrics in Prometheus' text format, from the ledger and the last runs: nothing has to be counted while running."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from vidkryto import clock
from vidkryto.archive import written_atomically
from vidkryto.errors import LedgerError
from vidkryto.observe.reach import reach
from vidkryto.pipeline import ledger_of
from vidkryto.pipeline.agenda import Appointment, agenda
from vidkryto.settings import Settings


class _Runs(Collector):
    """Runs by dataset and outcome, counted in the ledger, so that a counter never falls."""

    def __init__(self, runs: Counter[tuple[str, str]]) -> None:
        self.runs = runs

    def collect(self) -> list[CounterMetricFamily]:
        family = CounterMetricFamily("vidkryto_runs", "Runs that ended, by outcome", labels=["dataset", "outcome"])
        for labels, count in sorted(self.runs.items()):
            family.add_metric(labels, count)
        return [family]


def metrics(settings: Settings, *, ask_portal: bool = True) -> bytes:
    """All metrics as text. `ask_portal` sends the portal one request, to measure its latency."""
    registry = CollectorRegistry()
    registry.register(_Runs(_counted(settings)))
    _Gauges(registry).fill(agenda(settings))
    if ask_portal and settings.ckan_url:
        latency = Gauge("vidkryto_portal_latency_seconds", "Time of one status request", registry=registry)
        up = Gauge("vidkryto_portal_up", "Whether the portal answers", registry=registry)
        started = time.monotonic()
        answer = reach(f"{settings.ckan_url}/api/3/action/status_show")
        up.set(answer.status == 200)
        latency.set(time.monotonic() - started)
    return generate_latest(registry)


def write_metrics(settings: Settings, file: Path) -> None:
    """Write the text file that node_exporter's textfile collector reads, in one step."""
    content = metrics(settings)
    with written_atomically(file) as part:
        part.write_bytes(content)


class _Gauges:
    """What is true of the last run of each dataset."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, about: str, *more: str) -> Gauge:
            return Gauge(f"vidkryto_{name}", about, ["dataset", *more], registry=registry)

        self.stage = gauge("stage_duration_seconds", "Duration of a stage in the last run", "stage")
        self.bytes = gauge("export_bytes", "Size of the exports of the last run")
        self.rows = gauge("rows", "Rows read in the last run", "table")
        self.findings = gauge("findings", "Findings of the last run", "severity")
        self.late = gauge("late_days", "Days since the promised export was due")
        self.missed = gauge("missed_runs", "Scheduled moments that passed without a run")
        self.paused = gauge("paused", "Whether a person has paused it in Prefect's pages")
        self.ended = gauge("last_run_timestamp_seconds", "When the last run ended")
        self.age = gauge("last_run_age_seconds", "How long ago the last run ended")

    def fill(self, rows: tuple[Appointment, ...]) -> None:
        for row in rows:
            name, last = row.dataset.name, row.last
            self.late.labels(name).set(row.days_late)
            self.missed.labels(name).set(row.missed)
            self.paused.labels(name).set(bool(row.promised.paused))
            if last is None:
                continue
            ended = datetime.fromisoformat(last.finished)
            self.ended.labels(name).set(ended.timestamp())
            self.age.labels(name).set((clock.now() - ended).total_seconds())
            self.bytes.labels(name).set(sum(snapshot.bytes for snapshot in last.snapshots))
            for stage in last.stages:
                self.stage.labels(name, stage.name).set(stage.milliseconds / 1000)
            for table in last.tables:
                self.rows.labels(name, table.resource).set(table.rows)
            for severity in ("error", "warning", "note"):
                found = sum(task.count for task in last.tasks if task.severity == severity)
                self.findings.labels(name, severity).set(found)


def _counted(settings: Settings) -> Counter[tuple[str, str]]:
    """Results in the ledger. A state folder without a ledger has none."""
    try:
        entries = ledger_of(settings).entries()
    except LedgerError:
        return Counter()
    return Counter((entry.dataset, str(entry.body["outcome"])) for entry in entries if entry.kind == "result")
