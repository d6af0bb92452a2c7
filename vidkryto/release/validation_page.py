"""The validation report as a page for people, published beside the data: both languages in one file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

PARTS = ("pattern", "minimum", "maximum", "minLength", "maxLength")
WORDS: Mapping[str, Mapping[str, str]] = {
    "uk": {
        "heading": "Звіт про перевірку",
        "valid": "Таблиця відповідає своїй схемі.",
        "invalid": "Таблиця не відповідає своїй схемі.",
        "rows": "Рядків",
        "fields": "Стовпців",
        "errors": "Помилок",
        "warnings": "Попереджень",
        "file": "Файл",
        "rules": "Що перевірено в кожному стовпці",
        "field": "Стовпець",
        "title": "Назва",
        "type": "Тип",
        "constraints": "Обмеження",
        "required": "обов’язкове",
        "unique": "без повторів",
        "enum": "значень у переліку: ",
        "key": "Ключ таблиці",
        "machine": "Той самий звіт для програм (JSON, формат frictionless)",
    },
    "en": {
        "heading": "Validation report",
        "valid": "The table is valid against its schema.",
        "invalid": "The table is not valid against its schema.",
        "rows": "Rows",
        "fields": "Columns",
        "errors": "Errors",
        "warnings": "Warnings",
        "file": "File",
        "rules": "What was checked in each column",
        "field": "Column",
        "title": "Title",
        "type": "Type",
        "constraints": "Constraints",
        "required": "required",
        "unique": "unique",
        "enum": "values in the list: ",
        "key": "Key of the table",
        "machine": "The same report for programs (JSON, frictionless format)",
    },
}


def validation_page(
    *,
    titles: Mapping[str, str],
    report: Mapping[str, Any],
    schema: Mapping[str, Any],
    key: tuple[str, ...],
    rows: int,
    file: str,
    sha256: str,
    twin: str,
) -> str:
    """The page of one table: verdict, counts, and the rule of each column.

    It says no cell value and no time: equal data give equal bytes.
    """
    return _template().render(
        titles=titles,
        valid=bool(report.get("valid", True)),
        stats={name: report.get("stats", {}).get(name, 0) for name in ("errors", "warnings")},
        schema=schema,
        key=key,
        rows=rows,
        file=file,
        sha256=sha256,
        twin=twin,
        words=WORDS,
        rules_of=_rules,
        title_of=_title,
    )


def _rules(field: Mapping[str, Any], language: str) -> str:
    constraints, words = field.get("constraints") or {}, WORDS[language]
    told = [words[name] for name in ("required", "unique") if constraints.get(name)]
    told += [f"{name}: {constraints[name]}" for name in PARTS if name in constraints]
    if "enum" in constraints:
        told.append(f"{words['enum']}{len(constraints['enum'])}")
    return "; ".join(told) or "—"


def _title(field: Mapping[str, Any], language: str) -> str:
    english = field.get("translations", {}).get("en", {}).get("title", "")
    return str((english if language == "en" else field.get("title")) or field["name"])


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("vidkryto.release"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("validation.html")
