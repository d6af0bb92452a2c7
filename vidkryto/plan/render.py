"""A plan told for people: lines for a terminal, Markdown for a review. Its JSON is `Plan.content`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vidkryto.findings import Language
from vidkryto.plan.value import FieldChange, Plan, ResourceChange, TableChange

WORDS: Mapping[str, Mapping[Language, str]] = {
    "plan": {"uk": "План", "en": "Plan"},
    "portal": {"uk": "Портал", "en": "Portal"},
    "version": {"uk": "Версія", "en": "Version"},
    "nothing": {"uk": "нічого не зміниться", "en": "nothing changes"},
    "routine": {"uk": "звичайне оновлення", "en": "routine"},
    "breaking": {"uk": "ламає програми користувачів", "en": "breaking"},
    "first": {"uk": "перша публікація", "en": "first publication"},
    "none": {"uk": "немає", "en": "none"},
    "approval": {"uk": "Чекає погодження", "en": "Waits for approval"},
    "from": {"uk": "Застосувати можна з (попередження користувачам)", "en": "May be applied from (notice to users)"},
    "files": {"uk": "Файли", "en": "Files"},
    "tables": {"uk": "Таблиці", "en": "Tables"},
    "metadata": {"uk": "Опис", "en": "Metadata"},
    "notes": {"uk": "Зауваги", "en": "Findings"},
    "cost": {"uk": "Орієнтовно", "en": "Estimate"},
    "create": {"uk": "створити", "en": "create"},
    "replace": {"uk": "замінити", "en": "replace"},
    "keep": {"uk": "залишити", "en": "keep"},
    "retire": {"uk": "більше не оновлювати", "en": "retire"},
    "describe": {"uk": "описати наново", "en": "describe anew"},
    "added": {"uk": "додано", "en": "added"},
    "changed": {"uk": "змінено", "en": "changed"},
    "removed": {"uk": "вилучено", "en": "removed"},
    "rows": {"uk": "рядків", "en": "rows"},
    "stock": {"uk": "кількома запитами", "en": "several requests"},
    "staging": {"uk": "одним кроком", "en": "one step"},
    "add": {"uk": "додати поле", "en": "add field"},
    "remove": {"uk": "вилучити поле", "en": "remove field"},
    "retype": {"uk": "змінити тип поля", "en": "retype field"},
    "rename": {"uk": "перейменувати на", "en": "rename to"},
    "index": {"uk": "індекси", "en": "indexes"},
    "requests": {"uk": "запитів", "en": "requests"},
    "seconds": {"uk": "секунд", "en": "seconds"},
}
LONGEST = 80


def as_text(plan: Plan, language: Language = "uk") -> str:
    """The plan as lines for a terminal."""
    parts = [*_head(plan, language)]
    for title, lines in _sections(plan, language):
        parts += ["", title, *(f"  {line}" for line in lines)]
    return "\n".join(parts) + "\n"


def as_markdown(plan: Plan, language: Language = "uk") -> str:
    """The plan as Markdown: for a review, a message, an archive."""
    head, *rest = _head(plan, language)
    parts = [f"# {head}", "", *(f"- {line}" for line in rest)]
    for title, lines in _sections(plan, language):
        parts += ["", f"## {title}", "", *(f"- {_escaped(line)}" for line in lines)]
    return "\n".join(parts) + "\n"


def _head(plan: Plan, language: Language) -> Iterator[str]:
    kind = "first" if plan.first else plan.kind
    yield f"{_word('plan', language)} {plan.hash[:12]}: {plan.dataset}, {_word(kind, language)}"
    yield f"{_word('version', language)}: {plan.live_version or '—'} → {plan.version}"
    yield f"{_word('portal', language)}: {plan.portal}"
    cost, words = plan.cost, (_word("requests", language), _word("seconds", language))
    size = f"{cost.bytes / 1e6:.1f} MB"
    yield f"{_word('cost', language)}: {cost.requests} {words[0]}, {size}, {cost.seconds:.0f} {words[1]}"
    if plan.announcement is not None:
        yield f"{_word('from', language)}: {plan.announcement.day.isoformat()}"
    if plan.needs_approval:
        yield f"{_word('approval', language)}: vidkryto approve {plan.hash[:12]} --as … --role … --reason …"


def _sections(plan: Plan, language: Language) -> Iterator[tuple[str, list[str]]]:
    if plan.findings:
        yield _word("notes", language), [finding.message(language) for finding in plan.findings]
    if tables := [line for table in plan.tables if table for line in _table(table, language)]:
        yield _word("tables", language), tables
    if files := [_file(item, language) for item in plan.resources if item.action != "keep" or item.fields]:
        yield _word("files", language), files
    if plan.metadata:
        yield _word("metadata", language), [_field(change) for change in plan.metadata]


def _table(table: TableChange, language: Language) -> Iterator[str]:
    rows = table.rows
    counts = ", ".join(
        f"{_word(part, language)} {count}"
        for part, count in (("added", rows.added), ("changed", rows.changed), ("removed", rows.removed))
        if count
    )
    how = f" ({_word(table.route, language)})" if table.route != "none" else ""
    words = _word("rows", language)
    yield f"{table.resource}: {words} {table.before} → {table.after}; {counts or _word('nothing', language)}{how}"
    for column in table.columns:
        name = f"{column.was} → {column.name}" if column.action == "rename" else column.name
        was = f" ({column.was} → {column.type})" if column.action == "retype" else ""
        yield f"  {_word(column.action, language)} {name}{was}"
    if table.indexes:
        yield f"  {_word('index', language)} {', '.join(table.indexes)}"
    for what, cells in rows.samples:
        yield f"  {_word(what, language)}: " + _short(", ".join(f"{name}={value}" for name, value in cells))


def _file(change: ResourceChange, language: Language) -> str:
    action = "describe" if change.action == "keep" else change.action
    size = f", {change.bytes / 1e6:.2f} MB" if change.bytes and change.action in ("create", "replace") else ""
    return f"{_word(action, language)} {change.name}{size}"


def _field(change: FieldChange) -> str:
    return f"{change.name}: {_value(change.before)} → {_value(change.after)}"


def _value(value: Any) -> str:
    if value in (None, "", []):
        return "—"
    return _short(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def _short(text: str) -> str:
    """Text on one line, without control characters: cells come from outside."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _escaped(line: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in line.strip())


def _word(name: str, language: Language) -> str:
    return WORDS[name][language]
