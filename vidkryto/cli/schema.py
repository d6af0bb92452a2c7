"""Commands over Table Schemas: `schema import`, `schema diff`, `schema show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings

if TYPE_CHECKING:
    from vidkryto.catalogue.structures import MendedTable
    from vidkryto.catalogue.structures.example_files import ExampleFile

app = typer.Typer(help="Table Schemas, among them those of Resolution 835.", no_args_is_help=True)


@app.command("import")
def import_structures(
    csvw: Annotated[Path, typer.Argument(help="Folder of the ministry's structures, one folder for each table.")],
    to: Annotated[Path, typer.Option("--to", help="Folder of the schemas.")] = Path("schemas/835"),
    defects: Annotated[Path | None, typer.Option("--defects", help="Page for the list of defects.")] = None,
    as_json: Json = False,
) -> None:
    """Turn the ministry's CSVW structures into Table Schemas, mend them and list what was mended.

    Exit code 1 when a table or column has no words of ours yet, or a schema breaks the profile.

    Example: vidkryto schema import structures --defects docs/reference/835-defects.md
    """
    from vidkryto.archive import written_atomically
    from vidkryto.catalogue.structures import descriptor, mend, problems, read_structures, unworded, write
    from vidkryto.catalogue.structures.document import page

    mended = [mend(structure) for structure in read_structures(csvw)]
    tables = [table for table, _ in mended]
    schemas = {table.key: descriptor(table) for table in tables}
    broken = [f"{key}: {problem}" for key, schema in schemas.items() for problem in problems(schema)]
    for key, schema in schemas.items():
        write(schema, to / f"{key}.json")
    found = [defect for _, defects_of in mended for defect in defects_of]
    if defects:
        text = page(found, _examples(csvw, tables))
        with written_atomically(defects) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    wordless = unworded(tables)
    if as_json:
        print_json({"tables": len(tables), "defects": len(found), "unworded": wordless, "problems": broken})
    else:
        words = "Schemas written to {to}: {schemas}; defects mended or noted: {defects}."
        people().print(say(words, to=to, schemas=len(tables), defects=len(found)), markup=False)
        for name in wordless:
            place = "vidkryto/catalogue/structures/words/"
            people().print(say("no words yet: {name} ({place})", name=name, place=place), markup=False)
        for problem in broken:
            people().print(problem, markup=False)
    if wordless or broken:
        raise typer.Exit(1)


def _examples(csvw: Path, tables: list[MendedTable]) -> list[ExampleFile]:
    from vidkryto.catalogue.structures.example_files import check_example

    files = [(csvw / table.key / "example.xlsx", table) for table in tables]
    return [check_example(file, table) for file, table in files if file.is_file()]


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="Schema, folder of schemas, or folder of the ministry's structures.")],
    new: Annotated[Path, typer.Argument(help="The same, of the later edition.")],
    as_json: Json = False,
) -> None:
    """Show what changed between two editions; exit code 1 when a change breaks those who use the table.

    Example: vidkryto schema diff schemas/835 structures-2027
    """
    from dataclasses import asdict

    from vidkryto.catalogue.structures import compare_folders

    changes = compare_folders(old, new)
    if as_json:
        print_json([asdict(change) for change in changes])
    else:
        rows = [(c.table, c.field, c.what, c.before, c.after, say("breaking") if c.breaking else "") for c in changes]
        if rows:
            print_table(("table", "field", "what", "before", "after", ""), rows)
        breaking = sum(change.breaking for change in changes)
        people().print(
            say("Changes: {changes}, of them breaking: {breaking}.", changes=len(changes), breaking=breaking)
        )
    if any(change.breaking for change in changes):
        raise typer.Exit(1)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of a schema, such as 27_stops, or a path.")],
    as_json: Json = False,
) -> None:
    """Show the fields of a schema.

    Example: vidkryto --lang en schema show 27_stops
    """
    chosen = settings()
    schema = _find(chosen.root / "schemas", name)
    if as_json:
        print_json(schema)
        return
    title, description = _words(schema, chosen.language)
    rows = [_field_row(item, chosen.language, schema.get("primaryKey", ())) for item in schema["fields"]]
    print_table(("field", "type", "title", "rule", "example"), rows, title=f"{title}. {description}")


def _find(root: Path, name: str) -> dict[str, Any]:
    """The schema of that name or path. Raises ContractError, with near misses, when there is none."""
    from vidkryto.catalogue.load import did_you_mean
    from vidkryto.catalogue.structures.difference import load_schemas
    from vidkryto.errors import ContractError

    known = {file.stem: file for file in sorted(root.rglob("*.json"))}
    file = known.get(name) or Path(name)
    if not file.is_file():
        raise ContractError(
            f"there is no schema {name!r} under schemas/{did_you_mean(name, known)}",
            remedy="Names are those of the files, such as 27_stops.",
        )
    return dict(load_schemas(file)[file.stem])


def _words(item: dict[str, Any], language: str) -> tuple[str, str]:
    other = item.get("translations", {}).get(language, {})
    return other.get("title", item.get("title", "")), other.get("description", item.get("description", ""))


def _field_row(item: dict[str, Any], language: str, key: list[str]) -> tuple[str, ...]:
    constraints = item.get("constraints", {})
    rules = [
        say("key") if item["name"] in key else say("required") if constraints.get("required") else "",
        constraints.get("pattern", ""),
        ", ".join(map(str, constraints.get("enum", ()))),
        item.get("unit", ""),
    ]
    kind = item["type"] + (f" ({item['format']})" if "format" in item else "")
    title = _words(item, language)[0]
    return item["name"], kind, title, "; ".join(rule for rule in rules if rule), item.get("example", "")
