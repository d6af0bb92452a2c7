"""Samples of open government: petitions, participatory budget, the plan of commitments, co-creation of decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from vidkryto_samples.city import DISTRICTS, day, generator, street, weighted
from vidkryto_samples.files import Row, Sheet, delimited, xlsx

WISHES = (
    "облаштувати пішохідний перехід", "висадити дерева", "збільшити кількість автобусів", "відремонтувати тротуар",
    "встановити лави", "освітити алею", "обмежити рух вантажівок", "створити майданчик для вигулу собак",
    "запровадити електронний квиток", "відновити роботу бібліотеки", "прибрати стихійне звалище",
)  # fmt: skip
IDEAS = ("скверу", "спортивного майданчика", "пандуса", "велопарковки")
THEMES = ("ЖКГ", "транспорт", "освіта", "екологія", "культура", "безпека")


def petitions() -> dict[str, bytes]:
    """An answer of the petition service: a list inside two objects, Ukrainian keys, authors by initials of letters."""
    random = generator("petitions")
    items = [_petition(random, number) for number in range(1, 641)]
    answer = {"стан": "ok", "дані": {"кількість": len(items), "петиції": items}}
    text = json.dumps(answer, ensure_ascii=False, indent=1) + "\n"
    return {"petytsii_zrazok_2026-10.json": text.encode()}


def _petition(random: Random, number: int) -> dict[str, object]:
    start = day(random, date(2023, 1, 10), date(2026, 10, 20))
    signatures = min(int(random.lognormvariate(3.4, 1.4)), 2_900)
    running = start + timedelta(days=45) > date(2026, 11, 1)
    status = "триває збір підписів" if running else "з відповіддю" if signatures >= 250 else "не набрала голосів"
    answered = (start + timedelta(days=60)).isoformat() if status == "з відповіддю" else None
    return {
        "номер": f"{start:%Y-%m-%d}-{number}",
        "категорія": random.choice(THEMES),
        "назва": f"Прошу {random.choice(WISHES)} на {street(random)}",
        "посилання": f"https://petition.khm.example/{number}",
        "текст": f"petition-{number}.html",
        "початок": start.isoformat(),
        "підписів": str(signatures),
        "автор": f"Автор {number}",
        "статус": status,
        "відповідь": {"дата": answered, "посилання": f"https://petition.khm.example/{number}#vidpovid"},
    }


def participatory_budget() -> dict[str, bytes]:
    """«Unicode text» of a spreadsheet: UTF-16 with tabs, money with spaces and a comma."""
    random = generator("participatory-budget")
    rows: list[Row] = [PROJECT_HEADER, *_projects(random)]
    return {"hromadskyi_biudzhet_zrazok_2026.txt": delimited(rows, delimiter="\t", encoding="utf-16")}


PROJECT_HEADER = (
    "№ проєкту", "Категорія", "Вид", "Назва", "Стислий опис", "Сторінка", "Файл", "Голосів", "Автор", "Статус",
    "Дата рішення", "Рішення", "Бюджет, грн", "Витрачено, грн", "Відповідальний",
)  # fmt: skip


def _projects(random: Random) -> Iterator[Row]:
    number = 0
    for year in (2023, 2024, 2025, 2026):
        for _ in range(random.randint(48, 70)):
            number += 1
            plan = random.choice((150_000, 200_000, 400_000, 700_000)) - random.randint(0, 9_999) / 100
            won = random.random() < 0.3
            yield (
                f"{year}-{number:03d}",
                "малий" if plan < 250_000 else "великий",
                random.choice(("локальний", "загальноміський")),
                f"Облаштування {random.choice(IDEAS)} на {street(random)}",
                "Проєкт мешканців мікрорайону " + random.choice(DISTRICTS),
                f"https://gb.khm.example/{year}/{number}",
                f"project-{year}-{number}.pdf",
                random.randint(12, 2_400),
                f"Автор {number}",
                ("реалізований" if year < 2026 else "в стадії реалізації") if won else "не переміг",
                f"15.{random.randint(6, 9):02d}.{year}",
                f"https://khm.example/rishennia/{year}",
                f"{plan:,.2f}".replace(",", "\u00a0").replace(".", ","),
                f"{plan * random.uniform(0.9, 1.0) if won else 0:,.2f}".replace(",", "\u00a0").replace(".", ","),
                random.choice(("Управління ЖКГ", "Департамент освіти та науки", "Управління транспорту та зв’язку")),
            )


COMMITMENTS = (
    ("Відкриті дані міста щодня", "Відкриті дані", "Відділ відкритих даних", "Громадська рада"),
    ("Бюджет, зрозумілий мешканцям", "Бюджет участі", "Фінансове управління", "ГО «Міський бюджет» (зразок)"),
    ("Громадське обговорення кожного рішення", "Участь", "Відділ комунікацій", "Асоціація мікрорайонів (зразок)"),
    ("Послуги для внутрішньо переміщених людей", "Інклюзія", "Управління соцзахисту", "Хаб ВПО (зразок)"),
    ("Безбар’єрне місто", "Інклюзія", "Управління архітектури", "Рада з безбар’єрності"),
    ("Енергія комунальних будівель", "Довкілля", "Відділ енергоменеджменту", "ГО «Екоклуб» (зразок)"),
)
STEPS = ("Скласти план робіт", "Провести обговорення", "Ухвалити рішення", "Запустити пілот", "Оприлюднити звіт")


def open_government_plan() -> dict[str, bytes]:
    """The plan as a workbook of two sheets: commitments, and milestones with the number given only on the first row."""
    random = generator("open-government-plan")
    commitments: list[Row] = [("План дій відкритого урядування на 2026–2028 роки. ЗРАЗОК",), (None,), COMMITMENT_HEADER]
    milestones: list[Row] = [("Етапи виконання",), (None,), MILESTONE_HEADER]
    for number, (title, theme, owner, partner) in enumerate(COMMITMENTS, 1):
        code = f"К-{number:02d}"
        commitments.append((code, title, theme, owner, partner, date(2026, 3, 1), date(2028, 2, 28)))
        for step, name in enumerate(STEPS, 1):
            due = date(2026, 3, 31) + timedelta(days=120 * step + random.randint(0, 40))
            state = (
                "виконано" if due < date(2026, 9, 1) else weighted(random, (("виконується", 3), ("не розпочато", 2)))
            )
            proof = f"https://ogp.khm.example/{number}/{step}" if state == "виконано" else None
            shown = code if step == 1 else None
            milestones.append((shown, f"{code}-{step}", name, due, state, proof))
    sheets = (Sheet("Зобов’язання", commitments, merged=("A1:G1",), bold=(3,)), Sheet("Етапи", milestones, bold=(3,)))
    return {"plan_vu_zrazok_2026-10.xlsx": xlsx(sheets)}


COMMITMENT_HEADER = ("Код", "Зобов’язання", "Тема", "Відповідальний", "Партнер", "Початок", "Завершення")
MILESTONE_HEADER = ("Код зобов’язання", "Код етапу", "Етап", "Строк", "Стан", "Підтвердження")


def co_creation() -> dict[str, bytes]:
    """Proposals to drafts and what became of them, exported with every cell quoted."""
    random = generator("co-creation")
    rows: list[Row] = [PROPOSAL_HEADER]
    for number in range(1, 861):
        draft = random.randint(1, 40)
        received = day(random, date(2025, 2, 1), date(2026, 10, 25))
        verdict = weighted(random, (("враховано", 4), ("враховано частково", 3), ("відхилено", 3), ("на розгляді", 1)))
        rows.append(
            (
                f"П-{number:04d}",
                f"ПР-{draft:03d}",
                f"Проєкт рішення № {draft} про {random.choice(('тарифи', 'благоустрій', 'бюджет', 'транспорт'))}",
                received.strftime("%d.%m.%Y"),
                weighted(
                    random, (("мешканець", 5), ("громадська організація", 3), ("підприємство", 1), ("депутат", 1))
                ),
                f"Пропоную {random.choice(WISHES)}",
                verdict,
                "" if verdict == "на розгляді" else f"https://khm.example/proekty/{draft}#p{number}",
                "" if verdict == "на розгляді" else f"Рішення № {draft} від {received + timedelta(days=40):%d.%m.%Y}",
            )
        )
    return {"propozytsii_zrazok_2026-10.csv": delimited(rows, quote_all=True, newline="\n")}


PROPOSAL_HEADER = (
    "proposal_id", "draft_id", "draft_title", "received", "author_kind", "proposal", "verdict", "draft_url",
    "final_decision",
)  # fmt: skip
