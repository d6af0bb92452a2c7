"""The short report of a run in Markdown, for the artifact in Prefect and for messages."""

from __future__ import annotations

from vidkryto.findings import Finding, Language, Place
from vidkryto.record.run import RunRecord, Task

SHOWN = 20
WORDS = {
    "uk": ("Підсумок", "Випуск", "Рядків", "Що виправити", "рядок", "місць", "Повний звіт", "Хто відповідає"),
    "en": ("Outcome", "Release", "Rows", "What to mend", "row", "places", "Full report", "Who answers for it"),
}


def markdown_summary(record: RunRecord, language: Language = "uk", *, report_url: str = "") -> str:
    """What happened, what is live, and the first tasks, with a link to the full report where there is one."""
    outcome, release, rows, tasks, _, _, full, owner = WORDS[language]
    title = getattr(record.title, language)
    lines = [f"## {_plain(title)}", "", f"**{outcome}: {record.outcome}**"]
    if record.reason is not None:
        lines += ["", _plain(getattr(record.reason, language))]
    if record.live is not None:
        lines += ["", f"{release}: {record.live.version}, sha256 `{record.live.sha256[:16]}…`"]
    lines += [f"- {_plain(table.resource)}: {rows.lower()} {table.rows}" for table in record.tables]
    if record.receipt is not None:
        lines += ["", f"[{_plain(record.receipt.url)}]({record.receipt.url})"]
    urgent = [task for task in record.tasks if task.severity != "note"]
    if urgent:
        lines += ["", f"### {tasks}", "", *(_task(task, language) for task in urgent[:SHOWN])]
    if report_url:
        lines += ["", f"[{full}]({report_url})"]
    lines += ["", f"{owner}: {_plain(getattr(record.department.name, language))}"]
    return "\n".join(lines) + "\n"


def finding_of(task: Task) -> Finding:
    """A task of a record as the finding it was made of, for its message and remedy."""
    place = Place(task.resource, task.file, task.sheet, task.row, task.column, task.field)
    return Finding(task.code, place, task.found, task.wanted, task.count, task.rows, task.details or {})


def _task(task: Task, language: Language) -> str:
    _, _, _, _, row, places, _, _ = WORDS[language]
    finding = finding_of(task)
    where = ", ".join(
        part
        for part in (task.file, task.sheet, f"{row} {task.row}" if task.row else "", task.field or task.column)
        if part
    )
    count = f" ({places}: {task.count})" if task.count > 1 else ""
    return f"- {_plain(where)}: {_plain(finding.message(language))}{count} {_plain(finding.remedy(language))}"


def _plain(text: str) -> str:
    """Words from outside as words: nothing in them is Markdown or HTML."""
    for sign in ("\\", "`", "*", "_", "[", "]", "<", ">", "|", "#"):
        text = text.replace(sign, "\\" + sign if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign])
    return " ".join(text.split())
