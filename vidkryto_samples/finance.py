"""Samples of the finance department: execution of the budget in the layout of the openbudget.gov.ua exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from vidkryto_samples.city import generator, lost_zeros, months, reference
from vidkryto_samples.files import Row, Sheet, xlsx

EXPENSE_HEADER = (
    "REP_PERIOD", "FUND_TYP", "COD_BUDGET", "COD_CONS_MB_PK", "COD_CONS_MB_PK_NAME", "COD_CONS_MB_FK",
    "COD_CONS_MB_FK_NAME", "ZAT_AMT", "PLANS_AMT", "FAKT_AMT", "FAKT_V2MB_AMT",
)  # fmt: skip
INCOME_HEADER = ("REP_PERIOD", "FUND_TYP", "COD_BUDGET", "COD_INCO", "NAME_INC", "ZAT_AMT", "PLANS_AMT", "FAKT_AMT")
PERIOD = ((2024, 1), (2026, 10))


def budget_execution() -> dict[str, bytes]:
    """One workbook: a summary sheet, expenses by programme and incomes, months of three years added up from January."""
    random = generator("budget-execution")
    expenses, incomes = list(_expenses(random)), list(_incomes(random))
    summary: list[Row] = [
        ("Зведення", None),
        ("Рядків видатків", len(expenses)),
        ("Рядків доходів", len(incomes)),
        ("Вигадані дані, зразок", None),
    ]
    sheets = (
        Sheet("SUMMARY", summary),
        Sheet(
            "EXPENSES, PROGRAM", [*_titles("Видатки за програмною класифікацією"), EXPENSE_HEADER, *expenses], bold=(5,)
        ),
        Sheet("INCOMES", [*_titles("Доходи"), INCOME_HEADER, *incomes], bold=(5,)),
    )
    return {"vykonannia_biudzhetu_zrazok_2026-10.xlsx": xlsx(sheets)}


def _titles(what: str) -> list[Row]:
    return [
        ("Виконання бюджету Хмельницької міської територіальної громади",),
        (f"{what}, наростаючим підсумком з початку року. ЗРАЗОК, дані вигадані",),
        ("Одиниця виміру: гривня",),
        (None,),
    ]


def _expenses(random: Random) -> Iterator[Row]:
    """Rows of the general fund C, of the special fund S and their total T."""
    programmes = reference("programmes")
    shares = {programme["code"]: random.choice((0.0, 0.0, 0.04, 0.15, 0.4)) for programme in programmes}
    growth = {programme["code"]: random.uniform(0.96, 1.18) for programme in programmes}
    for month in months(*PERIOD):
        for programme in programmes:
            code = programme["code"]
            yearly = float(programme["yearly"]) * growth[code] ** (month.year - 2024)
            parts = {"C": _amounts(random, month, yearly)}
            if shares[code]:
                parts["S"] = _amounts(random, month, yearly * shares[code])
            for fund, (law, plan, fact) in with_total(parts).items():
                yield (
                    month, fund, None, lost_zeros(code), programme["name"], lost_zeros(programme["function"]),
                    programme["function_name"], law, _as_text(plan), fact, None if fund == "C" else 0,
                )  # fmt: skip


def _incomes(random: Random) -> Iterator[Row]:
    codes = reference("incomes")
    for month in months(*PERIOD):
        for income in codes:
            yearly = float(income["yearly"]) * 1.09 ** (month.year - 2024)
            amounts = _amounts(random, month, yearly, income=True)
            for fund, (law, plan, fact) in with_total({income["fund"]: amounts}).items():
                yield month, fund, None, int(income["code"]), income["name"], law, None if fund == "C" else plan, fact


def with_total(parts: dict[str, tuple[float, float, float]]) -> dict[str, tuple[float, float, float]]:
    """The funds and their total T, which the export mixes with its parts."""
    total = tuple(round(sum(amounts[n] for amounts in parts.values()), 2) for n in range(3))
    return {**parts, "T": (total[0], total[1], total[2])}


def _amounts(random: Random, month: date, yearly: float, *, income: bool = False) -> tuple[float, float, float]:
    """Plan by law, plan with changes, and what was done from January to this month; refunds may make it negative."""
    law = round(yearly, -2)
    plan = round(law * random.uniform(1.0, 1.12), 2)
    done = plan * month.month / 12 * random.uniform(0.82, 1.03)
    if income and law < 2e6 and month.month == 1 and random.random() < 0.15:
        done = -random.uniform(500, 40_000)
    return law, plan, round(done, 2)


def _as_text(amount: float) -> str:
    """The export keeps this column as text."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")
