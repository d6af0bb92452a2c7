"""The commands `look` and `new`: what a department's file holds, and a first contract for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say
from vidkryto.language import current, translated

if TYPE_CHECKING:
    from vidkryto.read.look import Look, TableLook


def look(
    file: Annotated[Path, typer.Argument(help="A department's export.", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Show what a file holds: encoding, sheets, where the table begins and ends and why, types, suspected problems.

    Nothing is changed or kept. Exit code 2 when the file cannot be read; the message says why.

    Example: vidkryto look exports/zupynky_2024-05.xlsx
    """
    from vidkryto.read.look import look as look_at_file

    found = look_at_file(file)
    if as_json:
        print_json(_as_data(found))
        return
    _tell(found)


def new(
    file: Annotated[Path, typer.Argument(help="An export to begin with.", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option("--to", help="The folder of the new dataset.")],
    sheet: Annotated[str, typer.Option("--sheet", help="The sheet, when several are filled.")] = "",
) -> None:
    """Write a first contract (dataset.yaml) with schema and reading, from a look at one export.

    The export is copied into the folder's `exports`. A contract that is already there is never overwritten.

    Example: vidkryto new zupynky_2024-05.xlsx --to datasets/transport/stops
    """
    import shutil

    from vidkryto.errors import ContractError
    from vidkryto.read.draft import as_yaml, draft
    from vidkryto.read.look import look as look_at_file

    target = to / "dataset.yaml"
    if target.exists():
        raise ContractError(f"{target} is already there", remedy="Choose another folder with --to.")
    found = look_at_file(file)
    chosen = _chosen(found, sheet)
    classes = {name: _cautious(kinds) for name, kinds in _people(chosen).items()}
    contract = draft(found, _name_of(to), chosen, classes)
    (to / "exports").mkdir(parents=True, exist_ok=True)
    copy = to / "exports" / file.name
    if not copy.exists():
        shutil.copyfile(file, copy)
    target.write_text(as_yaml(contract), encoding="utf-8")
    words = "{file}: fill in what stands in capital letters, then run `vidkryto check`."
    people().print(say(words, file=target), markup=False)
    if classes:
        words = "These columns seem to speak of people, so they stay inside until you decide: {fields}"
        people().print(say(words, fields=", ".join(classes)), markup=False)


def _name_of(folder: Path) -> str:
    """The folder's own name, if it can be the name of a dataset."""
    from vidkryto.errors import ContractError

    name = folder.resolve().name
    if not re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", name):
        raise ContractError(
            f"the folder {name!r} cannot be the name of a dataset",
            remedy="Name it with small Latin letters, digits and hyphens: public-transport-stops.",
        )
    return name


def _chosen(found: Look, sheet: str) -> TableLook:
    from vidkryto.errors import ContractError

    tables = [table for table in found.tables if not sheet or table.sheet.strip() == sheet.strip()]
    if len(tables) != 1:
        listed = ", ".join(table.sheet for table in found.tables)
        raise ContractError(f"{found.file} has these filled sheets: {listed}", remedy="Choose one with --sheet.")
    return tables[0]


def _tell(found: Look) -> None:
    """The look for people."""
    console = people()
    about = [found.format]
    if found.encoding:
        about.append(f"{found.encoding} ({translated(found.evidence)})" if found.evidence else found.encoding)
    if found.delimiter:
        about.append(say("delimiter {sign}", sign=repr(found.delimiter)))
    console.print(f"{found.file}: {', '.join(about)}", markup=False, style="bold")
    for finding in found.findings:
        console.print(f"  {say(finding.severity.value)}: {finding.message(current())}", markup=False)
    for table in found.tables:
        title = f"{table.sheet}: " if table.sheet else ""
        region = say("data in rows {first}-{last} of {rows}", first=table.first, last=table.last, rows=table.rows)
        console.print(f"\n{title}{region}", markup=False, style="bold")
        for reason in table.reasons:
            console.print(f"  {translated(reason)}", markup=False)
        about_people = _people(table)
        rows = [
            (
                column.label,
                column.name,
                column.type,
                column.filled,
                column.distinct or "",
                "; ".join([*_told(about_people.get(column.name, {})), *map(translated, column.problems)]),
            )
            for column in table.columns
        ]
        print_table(("header", "field", "type", "filled", "distinct", "suspected problems"), rows)


def _people(table: TableLook) -> dict[str, dict[str, int]]:
    """What the detectors of the disclosure gate see: column → kind of value → cells, 0 in its header. Never a value."""
    from vidkryto.disclosure.columns import judge_table
    from vidkryto.disclosure.detectors import search

    headers = {column.name: f"{column.name} {column.label}" for column in table.columns}
    judged = judge_table(table.cells.select([name for name in table.cells.column_names if name in headers]), headers)
    found = {name: {one.kind: one.cells for one in seen} for name, seen in judged.items()}
    for column in table.columns:  # a header that itself names a person goes into every row of a melted table
        for hit in search(column.label):
            found.setdefault(column.name, {}).setdefault(hit.kind, 0)
    return {name: kinds for name, kinds in found.items() if kinds}


def _told(kinds: Mapping[str, int]) -> Iterator[str]:
    """The kinds in words."""
    from vidkryto.disclosure.places import kind_words

    for kind, cells in kinds.items():
        words = kind_words(kind)[f"kind_{current()}"]
        if cells:
            yield say("speaks of people? {kind}: {cells}", kind=words, cells=cells)
        else:
            yield say("speaks of people? {kind} in the header", kind=words)


def _cautious(kinds: Mapping[str, int]) -> str:
    """The class under which nothing of these kinds leaves by mistake: places are checked, all else is left out."""
    from vidkryto.catalogue.classes import ClassName
    from vidkryto.disclosure.places import AT_HOME

    places = AT_HOME[ClassName.GEO]
    return (ClassName.GEO if places.issuperset(kinds) else ClassName.IDENTIFIER).value


def _as_data(found: Look) -> dict[str, Any]:
    return {
        "file": found.file,
        "format": found.format,
        "encoding": found.encoding,
        "evidence": found.evidence,
        "delimiter": found.delimiter,
        "findings": [{"code": item.code, "message": item.message("en")} for item in found.findings],
        "tables": [_table_data(table) for table in found.tables],
    }


def _table_data(table: TableLook) -> dict[str, Any]:
    """One table without its cells; `people` tells what the detectors see in each column."""
    from dataclasses import asdict

    people = _people(table)
    return {
        "sheet": table.sheet,
        "rows": table.rows,
        "header": table.header,
        "first": table.first,
        "last": table.last,
        "reasons": table.reasons,
        "reading": table.reading,
        "columns": [{**asdict(column), "people": people.get(column.name, {})} for column in table.columns],
    }
