"""What an operator sees: metrics that Prometheus reads, logs with run and stage, a doctor that says what to mend."""

from __future__ import annotations

import io
import json
import logging
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.alerts.conftest import Office
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto import logs
from vidkryto.clock import told_by
from vidkryto.errors import SettingsError
from vidkryto.observe.doctor import examine
from vidkryto.observe.endpoint import metrics_server
from vidkryto.observe.metrics import metrics
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import SnapshotRecord, StageTime, TableRecord
from vidkryto.settings import Secret, Settings

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A city with a ledger, two runs in it, and the record of the last."""
    write_catalogue(tmp_path)
    home = tmp_path / "state"
    home.mkdir()
    SigningKey.generate("vidkryto-test/observe").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    return Office(Settings(tmp_path, home))


def numbers(text: bytes) -> dict[str, float]:
    """Every sample by its name and labels."""
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_metrics_tell_runs_durations_bytes_rows_findings_and_lateness(office: Office) -> None:
    """Counters come from the ledger, gauges from the last run; Prometheus' own parser reads them."""
    ledger = Ledger.open(office.settings.home, key=office.settings.home / "practice.key")
    for outcome in ("Published", "Withheld", "Published"):
        body = {"run": "r", "rules": "0" * 64, "code": {"version": "0.1.0"}, "findings": {}, "record": "0" * 64}
        ledger.append("result", "stops", {**body, "outcome": outcome})
    office.ran(
        "Published",
        datetime(2026, 11, 25, 8, tzinfo=UTC),
        stages=(StageTime("pull", 1500),),
        snapshots=(SnapshotRecord("stops", "stops.csv", "a" * 64, 2048, "2026-11-25T08:00:00Z"),),
        tables=(TableRecord("stops", 431),),
    )
    with told_by(lambda: NOW):
        found = numbers(metrics(office.settings, ask_portal=False))
    assert found["vidkryto_runs_total stops Published"] == 2
    assert found["vidkryto_runs_total stops Withheld"] == 1
    assert found["vidkryto_stage_duration_seconds stops pull"] == 1.5
    assert found["vidkryto_export_bytes stops"] == 2048
    assert found["vidkryto_rows stops stops"] == 431
    assert found["vidkryto_findings stops error"] == 0
    assert found["vidkryto_late_days stops"] == 0
    assert found["vidkryto_last_run_age_seconds stops"] == 7200


def test_the_endpoint_answers_a_scraper(office: Office) -> None:
    """On loopback, /metrics and nothing else."""
    office.good("2026-12-01")
    with metrics_server(office.settings, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics") as answer:
            assert "vidkryto_missed_runs" in answer.read().decode()
        server.shutdown()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLine())
    logs.LOGGER.addHandler(handler)
    logs.LOGGER.setLevel(logging.INFO)
    yield stream
    logs.LOGGER.removeHandler(handler)


def test_a_line_of_the_log_says_run_dataset_and_stage(lines: io.StringIO) -> None:
    """One JSON object a line; what a library's error says is left out, for it may quote a cell."""
    with logs.about(run="r1", dataset="stops"), logs.about(stage="read"):
        logs.event("stage ended", seconds=0.25)
        try:
            raise ValueError("Петренко Іван")
        except ValueError:
            logs.LOGGER.exception("stage broke")
    ended, broke = (json.loads(line) for line in lines.getvalue().splitlines())
    del ended["time"]
    assert ended == {
        "level": "info",
        "event": "stage ended",
        "run": "r1",
        "dataset": "stops",
        "stage": "read",
        "seconds": 0.25,
    }
    assert broke["error"] == "ValueError"
    assert "Петренко" not in lines.getvalue()


def test_a_misspelt_form_of_log_is_refused() -> None:
    """With what may be written."""
    with pytest.raises(SettingsError, match="wanted json or text"):
        logs.configure({"VIDKRYTO_LOG": "xml"})


def test_the_doctor_finds_a_city_in_order_but_for_what_it_names(office: Office, portal_session: LocalPortal) -> None:
    """A real portal, a real ledger: each remark has its remedy."""
    settings = replace(office.settings, ckan_url=portal_session.url, ckan_token=Secret(portal_session.editor_token))
    checks = {(check.name, check.state): check for check in examine(settings)}
    assert checks["portal", "ok"].found.startswith("CKAN 2.12")
    assert ("clock", "ok") in checks
    assert ("pins", "ok") in checks
    assert ("contracts", "ok") in checks
    assert checks["schedules", "warning"].remedy == "Run vidkryto deployments render."
    assert checks["alerts", "warning"].found == "nobody is told of anything"
    assert ("keys", "warning") in checks
    assert all(check.remedy for check in checks.values() if check.state != "ok")


def test_the_doctor_says_what_mends_a_wrong_token_and_a_broken_contract(
    office: Office, portal_session: LocalPortal
) -> None:
    """One thing that is wrong hides no other."""
    settings = replace(office.settings, ckan_url=portal_session.url, ckan_token=Secret("wrong"))
    (settings.root / "datasets" / "transport" / "stops" / "dataset.yaml").write_text("name: [", encoding="utf-8")
    found = [check for check in examine(settings) if check.state == "error"]
    assert {"contracts", "portal"} <= {check.name for check in found}
    assert "VIDKRYTO_CKAN_TOKEN" in next(check.remedy for check in found if check.name == "portal")


@pytest.mark.parametrize(("free", "state"), [(0, "error"), (1 << 30, "warning"), (90 << 30, "ok")])
def test_a_disk_that_is_full_is_an_error_and_one_that_fills_a_warning(
    office: Office, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    """Exit code 2 means that something will fail; with nothing free it does."""
    usage = SimpleNamespace(total=100 << 30, used=0, free=free)
    monkeypatch.setattr("vidkryto.observe.doctor.shutil.disk_usage", lambda _: usage)
    assert [check.state for check in examine(office.settings) if check.name == "disk"] == [state]
