"""A small city: datasets in every status, with history, decisions and a ledger."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import (
    Approval,
    Department,
    Evidence,
    Exemption,
    Fingerprint,
    Metric,
    Promise,
    PublishedFile,
    ReceiptRecord,
    ReleaseRecord,
    RunRecord,
    SnapshotRecord,
    StageTime,
    TableRecord,
    Task,
    Text,
)
from vidkryto.report import DatasetDescription

TODAY = date(2026, 11, 23)
TRANSPORT = Department(
    Text("Управління транспорту та зв'язку", "Transport and Communications Department"), "transport@city.example"
)
FINANCE = Department(Text("Фінансове управління", "Finance Department"), "finance@city.example")
GREEN = Department(Text("Управління комунальної інфраструктури", "Municipal Infrastructure Department"))
STAGES = (
    ("pull", 140),
    ("read", 820),
    ("validate", 390),
    ("quality", 610),
    ("disclosure", 240),
    ("release", 450),
    ("plan", 330),
    ("publish", 2900),
)


def moment(days_ago: int, hour: int = 4) -> str:
    """A time in the morning some days before today."""
    return (datetime(2026, 11, 23, hour, 15, tzinfo=UTC) - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_run(name: str, title: Text, department: Department, days_ago: int, rows: int) -> RunRecord:
    """A run in which all went well."""
    started = moment(days_ago)
    release = ReleaseRecord(f"1.{400 - days_ago}.0", f"{days_ago:064x}", started)
    columns = ("uid", "label", "lat", "lon", "street", "barrier_free")
    file = PublishedFile(f"{name}.csv", f"https://data.city.example/dataset/{name}/{name}.csv", "c" * 64, 81920)
    return RunRecord(
        run_id=f"{started[:10]}-0415-{days_ago:04x}",
        dataset=name,
        title=title,
        department=department,
        started=started,
        finished=started.replace(":15:00", ":15:06"),
        outcome="Published",
        release=release,
        live=release,
        stages=tuple(StageTime(stage, milliseconds) for stage, milliseconds in STAGES),
        snapshots=(SnapshotRecord(name, f"{name}_{started[:7]}.xlsx", "b" * 64, 184320, started),),
        tables=(TableRecord(name, rows, columns, {"title": 1, "header": 2, "data": rows, "total": 1}),),
        metrics=(Metric("fill.label", "0.998", name), Metric("mean.lat", f"{49.41 + days_ago / 9000:.4f}", name)),
        receipt=ReceiptRecord(f"https://data.city.example/dataset/{name}", "5e8b1d0c", (file,)),
        promise=Promise("monthly", started[:10], "2026-12-01"),
        fingerprint=Fingerprint("d" * 64, {name: "e" * 64}, "f" * 64, "0.1.0 (4f2a91c)"),
        plan="a" * 64,
        evidence=Evidence(days_ago, "city.example/ledger\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"),
    )


def blocking_tasks(resource: str) -> tuple[Task, ...]:
    """An error with its rows, a protected value, a warning and a note."""
    file, sheet = "zupynky_2026-11.xlsx", "Зупинки"
    return (
        Task("export-missing", "note", resource, file, sheet, wanted="zupynky_*.xlsx", count=1),
        Task(
            "export-missing",
            "error",
            resource,
            file,
            sheet,
            "lat",
            "Широта",
            17,
            3,
            (17, 204, 511),
            "49,4l2<script>alert(1)</script>",
            "число від 49,3 до 49,5",
        ),
        Task(
            "export-missing", "error", resource, file, sheet, "phone", "Телефон", 20, 12, (20, 21, 22, 40, 41), None, ""
        ),
        Task(
            "export-missing",
            "warning",
            resource,
            file,
            sheet,
            "label",
            "Назва зупинки",
            9,
            2,
            (9, 12),
            "Зуп. №7",
            "без №",
        ),
    )


@pytest.fixture(scope="session")
def descriptions() -> list[DatasetDescription]:
    """What the contracts say."""

    def described(name: str, uk: str, en: str, department: Department, promise: Promise) -> DatasetDescription:
        page = f"https://data.city.example/dataset/{name}"
        about = Text("Перелік із місцем і ознаками кожного об'єкта.", "A list with place and features of each object.")
        return DatasetDescription(name, Text(uk, en), department, promise, about, page)

    monthly = Promise("monthly", "", "2026-12-01")
    return [
        described(
            "public-transport-stops", "Зупинки громадського транспорту", "Public transport stops", TRANSPORT, monthly
        ),
        described("budget-spending", "Видатки міського бюджету", "City budget spending", FINANCE, monthly),
        described("parking-lots", "Майданчики для паркування", "Parking lots", TRANSPORT, Promise("quarterly")),
        described(
            "school-catalogue",
            "Заклади загальної середньої освіти",
            "Schools",
            GREEN,
            Promise("annual", "", "2027-03-01"),
        ),
        described("green-zones", "Зелені зони", "Green zones", GREEN, Promise("annual", "", "2026-11-28")),
        described("waste-containers", "Контейнерні майданчики", "Waste container sites", GREEN, monthly),
        described("air-quality", "Якість повітря", "Air quality", GREEN, Promise("daily", "", "2026-11-24")),
        described("council-contracts", "Договори міської ради", "Contracts of the city council", FINANCE, monthly),
    ]


def fill(home: Path, key: Path, descriptions: list[DatasetDescription]) -> None:
    """Write the run records and the ledger of the small city."""
    SigningKey.generate("city.example/ledger").save(key)
    ledger = Ledger.create(home, key=key)
    title = {item.name: item.title for item in descriptions}

    def go(run: RunRecord) -> None:
        body = {"run": run.run_id, "outcome": run.outcome, "record": run.digest()}
        entry = ledger.append("result", run.dataset, body)
        replace(run, evidence=Evidence(entry.seq, str(ledger.checkpoint()))).save(home)

    for ago in range(330, -1, -30):
        rows = 532 - ago // 8
        go(a_run("budget-spending", title["budget-spending"], FINANCE, ago, rows * 7))
        go(
            replace(
                a_run("waste-containers", title["waste-containers"], GREEN, ago, rows),
                outcome="Unchanged" if ago % 90 == 0 else "Published",
            )
        )
        stops = a_run("public-transport-stops", title["public-transport-stops"], TRANSPORT, ago, rows)
        if ago == 0:
            stops = replace(
                stops,
                outcome="Withheld",
                release=None,
                receipt=None,
                tasks=blocking_tasks("stops"),
                live=ReleaseRecord("1.370.0", f"{30:064x}", moment(30)),
            )
        go(stops if ago != 150 else replace(stops, outcome="Failed", release=None))
    go(
        replace(
            a_run("parking-lots", title["parking-lots"], TRANSPORT, 130, 88),
            promise=Promise("quarterly", moment(130)[:10], "2026-10-15"),
        )
    )
    exception = Exemption(
        ("export-missing",),
        "data-office-1",
        "Начальник відділу відкритих даних",
        "Дві школи на реконструкції, дані надійдуть до 01.12.2026",
        "2026-12-01",
        moment(3),
    )
    approval = Approval(
        "approved", "data-office-1", "Начальник відділу відкритих даних", "Перший випуск перевірено", moment(3, 9)
    )
    go(
        replace(
            a_run("school-catalogue", title["school-catalogue"], GREEN, 3, 46),
            exceptions=(exception,),
            approvals=(approval,),
            promise=Promise("annual", moment(3)[:10], "2027-03-01"),
        )
    )
    go(
        replace(
            a_run("air-quality", title["air-quality"], GREEN, 0, 1440),
            outcome="Failed",
            release=None,
            tasks=(),
            receipt=None,
            reason=Text(
                "Сервер джерела не відповів після чотирьох спроб.", "The source's server did not answer four attempts."
            ),
            promise=Promise("daily", moment(1)[:10], "2026-11-24"),
        )
    )
    go(a_run("council-contracts", title["council-contracts"], FINANCE, 40, 310))
    decision = {
        "who": "data-office-1",
        "role": "Начальник відділу відкритих даних",
        "reason": "Виявлено зайві персональні дані",
    }
    ledger.append("withdrawal", "council-contracts", decision)


@pytest.fixture(scope="session")
def make_city(
    tmp_path_factory: pytest.TempPathFactory, descriptions: list[DatasetDescription]
) -> Callable[[Path], Path]:
    """Give a copy of the small city, its state folder and its key, to a test."""
    pattern = tmp_path_factory.mktemp("city")
    fill(pattern / "home", pattern / "keys" / "audit.key", descriptions)

    def make(base: Path) -> Path:
        shutil.copytree(pattern, base, dirs_exist_ok=True)
        return base / "home"

    return make


@pytest.fixture
def home(tmp_path: Path, make_city: Callable[[Path], Path]) -> Path:
    """A state folder of its own."""
    return make_city(tmp_path)
