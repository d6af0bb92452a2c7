"""Makes the tables that the validation benchmark measures: a seed of its own, clean or with bad cells."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20261123
CHUNK = 100_000

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True, "unique": True}},
        {"name": "code", "type": "string", "constraints": {"pattern": r"UA-[A-Z]{2}-\d{6}"}},
        {"name": "email", "type": "string", "format": "email"},
        {"name": "street", "type": "string", "constraints": {"required": True, "maxLength": 60}},
        {"name": "registered", "type": "date", "constraints": {"minimum": "1991-08-24"}},
        {"name": "amount", "type": "number", "constraints": {"minimum": 0}},
        {"name": "visits", "type": "integer", "constraints": {"minimum": 0, "maximum": 100000}},
        {"name": "status", "type": "string", "constraints": {"enum": ["active", "closed", "planned", "unknown"]}},
        {"name": "open", "type": "boolean"},
    ]
}
HARD: dict[str, Any] = {
    "fields": [
        {"name": "point", "type": "geopoint"},
        {"name": "length", "type": "duration"},
        {"name": "about", "type": "object"},
        {"name": "list", "type": "array"},
        {"name": "moment", "type": "datetime"},
        {"name": "key", "type": "string", "format": "uuid"},
        {"name": "page", "type": "string", "format": "uri"},
    ]
}
BAD = {
    "id": ("", "12a", "1.5", "-", "n/a"),
    "code": ("UA-KM-12", "ua-km-123456", "KM123456", "?"),
    "email": ("name@", "@example.org", "name at example.org", "none"),
    "street": ("", "x" * 61),
    "registered": ("2026-02-30", "31.12.2025", "1990-01-01", "today"),
    "amount": ("-5", "12,50", "1 000", "free"),
    "visits": ("100001", "many", "-1", "3.5"),
    "status": ("Active", "open", "-", "?"),
    "open": ("yes", "no", "maybe", "2"),
}
STREETS = (
    "Проскурівська",
    "Кам'янецька",
    "Подільська",
    "Соборна",
    "Зарічанська",
    "Свободи",
    "Шевченка",
    "Грушевського",
)


def columns(rng: np.random.Generator, start: int, rows: int, bad: float) -> list[list[str]]:
    """The cells of some rows, column by column; a share `bad` of them is not valid."""
    number = np.arange(start, start + rows)
    letters = rng.integers(65, 91, (rows, 2))
    codes = rng.integers(0, 1_000_000, rows)
    days = np.datetime64("1992-01-01") + rng.integers(0, 12_000, rows)
    cents = rng.integers(0, 10_000_000, rows)
    cells = {
        "id": number.astype(str).tolist(),
        "code": [
            f"UA-{chr(a)}{chr(b)}-{code:06d}" for (a, b), code in zip(letters.tolist(), codes.tolist(), strict=True)
        ],
        "email": [
            f"user{one}.{code}@mail{code % 97}.example.org"
            for one, code in zip(number.tolist(), codes.tolist(), strict=True)
        ],
        "street": [f"вул. {STREETS[code % 8]} {code % 211}" for code in codes.tolist()],
        "registered": days.astype(str).tolist(),
        "amount": [f"{value // 100}.{value % 100:02d}" for value in cents.tolist()],
        "visits": rng.integers(0, 100_000, rows).astype(str).tolist(),
        "status": [("active", "closed", "planned", "unknown")[value] for value in rng.integers(0, 4, rows).tolist()],
        "open": [("true", "false")[value] for value in rng.integers(0, 2, rows).tolist()],
    }
    if bad:
        for name, values in cells.items():
            positions = np.flatnonzero(rng.random(rows) < bad)
            wrong = rng.integers(0, len(BAD[name]), len(positions))
            for position, index in zip(positions.tolist(), wrong.tolist(), strict=True):
                values[position] = BAD[name][index]
    return list(cells.values())


def hard_columns(rng: np.random.Generator, start: int, rows: int) -> list[list[str]]:
    """Cells of types that are hard to check, every one different."""
    number = np.arange(start, start + rows).tolist()
    degrees = rng.integers(0, 10**6, (rows, 2)).tolist()
    bits = rng.integers(0, 2**62, (rows, 2)).tolist()
    moments = (np.datetime64("2000-01-01T00:00:00") + np.arange(start, start + rows)).astype(str).tolist()
    return [
        [f"{a / 10**4:.4f}, {b / 10**5:.5f}" for a, b in degrees],
        [f"P{1 + one % 9}DT{one % 24}H{one % 60}M{one // 60}S" for one in number],
        [json.dumps({"id": one, "name": f"n{a}"}) for one, (a, _) in zip(number, degrees, strict=True)],
        [json.dumps([one, a, b]) for one, (a, b) in zip(number, degrees, strict=True)],
        moments,
        [str(uuid.UUID(int=(a << 62) | b)) for a, b in bits],
        [f"https://data.example.org/item/{one}" for one in number],
    ]


def write(
    path: Path,
    rows: int,
    *,
    bad: float = 0.0,
    hard: bool = False,
    delimiter: str = ",",
    encoding: str = "utf-8",
    quoted: bool = False,
    newline: str = "\n",
) -> dict[str, Any]:
    """Write a table to `path` and return its schema."""
    rng = np.random.default_rng(SEED)
    schema = HARD if hard else SCHEMA
    names = [field["name"] for field in schema["fields"]]
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(delimiter.join(quote(name, delimiter, quoted) for name in names) + newline)
        for start in range(0, rows, CHUNK):
            size = min(CHUNK, rows - start)
            cells = hard_columns(rng, start, size) if hard else columns(rng, start + 1, size, bad)
            cells = [[quote(cell, delimiter, quoted) for cell in column] for column in cells]
            file.writelines(delimiter.join(row) + newline for row in zip(*cells, strict=True))
    return schema


def quote(cell: str, delimiter: str, always: bool) -> str:
    """A cell as it stands in the file."""
    if always or delimiter in cell or '"' in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
