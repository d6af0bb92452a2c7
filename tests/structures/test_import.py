"""The import: defects are mended and listed, the next edition can be compared, the command line tells it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vidkryto.catalogue.structures import Change, compare, descriptor, mend, read_structure, unworded
from vidkryto.cli.schema import app
from vidkryto.errors import ContractError

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "exports" / "reference_835"
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(),
    reason="left out: the ministry's structures (../shared/exports/reference_835) are not on this machine",
)


def column(name: str, datatype: str = "string", description: str = "Опис", required: bool = False) -> dict[str, Any]:
    """A column as the ministry writes it."""
    return {"name": name, "title": name, "description": description, "datatype": datatype, "required": required}


def structure(folder: Path, columns: list[dict[str, Any]], key: str = "") -> Path:
    """A folder with a structure in it."""
    folder.mkdir(parents=True)
    document = {"tableSchema": {"columns": columns}, "primaryKey": key}
    (folder / "schema.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return folder


def mended(folder: Path, columns: list[dict[str, Any]], key: str = "") -> tuple[dict[str, Any], set[tuple[str, str]]]:
    """Fields by name after mending, and (kind, column) of every defect."""
    table, defects = mend(read_structure(structure(folder, columns, key)))
    return {c.name: c for c in table.columns}, {(d.kind, d.column) for d in defects}


def test_names_lose_what_cannot_be_seen(tmp_path: Path) -> None:
    """White space of every kind and Cyrillic letters leave a name, and each is listed."""
    columns, defects = mended(
        tmp_path / "27_stops", [column("uid "), column("contactPoint\u2028Name"), column("legalActІd")], "uid"
    )
    assert list(columns) == ["uid", "contactPointName", "legalActId"]
    assert {("invisible-letters", "uid"), ("invisible-letters", "contactPointName")} <= defects
    assert ("look-alike-letters", "legalActId") in defects


def test_repeated_names_are_told_apart(tmp_path: Path) -> None:
    """A repeated name gets the decided name, and in an unknown table a number."""
    known, _ = mended(tmp_path / "40_equipment", [column("currencyCode") for _ in range(3)])
    assert list(known) == ["currencyCode", "amortizationAmountCurrency", "bookAmountCurrency"]
    unknown, defects = mended(tmp_path / "99_new", [column("a"), column("a")])
    assert list(unknown) == ["a", "a_2"]
    assert ("repeated-name", "a_2") in defects


def test_a_required_column_that_may_be_null_is_not_required(tmp_path: Path) -> None:
    """An instruction that orders null contradicts `required`; a key stays required."""
    told = "Код ЄДРПОУ. Якщо відсутній, вказати: null"
    columns, defects = mended(
        tmp_path / "99_new", [column("ownerId", description=told, required=True), column("uid", required=True)], "uid"
    )
    assert not columns["ownerId"].required
    assert columns["uid"].required
    assert ("required-yet-empty", "ownerId") in defects


def test_a_key_without_its_column_is_listed(tmp_path: Path) -> None:
    """A key that names no column is dropped and said so."""
    table, defects = mend(read_structure(structure(tmp_path / "99_new", [column("a")], "uid")))
    assert table.primary_key == ()
    assert [(defect.kind, defect.found) for defect in defects] == [("key-without-column", "uid")]


def test_a_new_edition_names_the_columns_without_words(tmp_path: Path) -> None:
    """A column nobody has described gets its official title and is reported."""
    table, _ = mend(read_structure(structure(tmp_path / "27_stops", [column("uid"), column("somethingNew")], "uid")))
    assert unworded([table]) == ("27_stops.somethingNew",)
    assert descriptor(table)["fields"][1] == {
        "name": "somethingNew",
        "type": "string",
        "title": "somethingNew",
        "example": "Зразок значення",
    }


@pytest.mark.parametrize("content", ["", "[]", '{"tableSchema": {}}', '{"tableSchema": {"columns": [{"title": "x"}]}}'])
def test_what_is_no_structure_is_refused(tmp_path: Path, content: str) -> None:
    """The message names the file and what it must hold."""
    folder = tmp_path / "27_stops"
    folder.mkdir()
    (folder / "schema.json").write_text(content)
    with pytest.raises(ContractError, match=r"27_stops/schema.json is not a CSVW table description"):
        read_structure(folder)


def test_a_folder_without_a_number_is_refused(tmp_path: Path) -> None:
    """The number of the annex is part of the name of a schema."""
    with pytest.raises(ContractError, match="not named after annex and table"):
        read_structure(structure(tmp_path / "stops", [column("uid")]))


def test_changes_that_break_are_told_from_those_that_do_not() -> None:
    """Removing, retyping and narrowing break; adding an optional column and widening do not."""
    old = {
        "fields": [
            {"name": "a", "type": "string", "constraints": {"enum": ["x"]}},
            {"name": "b", "type": "string", "constraints": {"required": True}},
            {"name": "c", "type": "number", "constraints": {"minimum": 0}},
        ],
        "primaryKey": ["a"],
    }
    new = {
        "fields": [
            {"name": "a", "type": "string", "constraints": {"enum": ["x", "y"]}},
            {"name": "c", "type": "integer", "constraints": {"minimum": 1}},
            {"name": "d", "type": "string"},
        ],
        "primaryKey": ["a", "c"],
    }
    assert compare("t", old, new) == (
        Change("t", "b", "field", "b", "", True),
        Change("t", "a", "enum", "x", "x, y", False),
        Change("t", "c", "type", "number", "integer", True),
        Change("t", "c", "minimum", "0", "1", True),
        Change("t", "d", "field", "", "d", False),
        Change("t", "", "primaryKey", "a", "a, c", True),
    )


def test_show_prints_the_fields_in_the_language_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """`schema show` finds a schema by name and speaks English when asked."""
    monkeypatch.setenv("VIDKRYTO_ROOT", str(ROOT))
    monkeypatch.setenv("VIDKRYTO_LANGUAGE", "en")
    result = CliRunner().invoke(app, ["show", "27_stops"])
    assert result.exit_code == 0
    assert "Public transport stops" in result.stdout
    assert "KATOTTG code" in result.stdout


def test_show_offers_a_near_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name is answered with the one that was meant."""
    monkeypatch.setenv("VIDKRYTO_ROOT", str(ROOT))
    result = CliRunner().invoke(app, ["show", "27_stop"])
    assert isinstance(result.exception, ContractError)
    assert "did you mean `27_stops`" in str(result.exception)


@needs_reference
def test_the_import_writes_what_is_committed(tmp_path: Path) -> None:
    """Schemas and the list of defects in the repository are those the tool writes; nothing was edited by hand."""
    page = tmp_path / "defects.md"
    result = CliRunner().invoke(app, ["import", str(REFERENCE), "--to", str(tmp_path / "835"), "--defects", str(page)])
    assert result.exit_code == 0, result.output
    written = {file.name: file.read_bytes() for file in (tmp_path / "835").glob("*.json")}
    committed = {file.name: file.read_bytes() for file in (ROOT / "schemas" / "835").glob("*.json")}
    assert written == committed
    assert page.read_text("utf-8") == (ROOT / "docs" / "reference" / "835-defects.md").read_text("utf-8")


@needs_reference
def test_the_committed_schemas_do_not_differ_from_the_edition() -> None:
    """`schema diff` between the committed schemas and the structures finds nothing."""
    result = CliRunner().invoke(app, ["diff", str(ROOT / "schemas" / "835"), str(REFERENCE), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == []


@needs_reference
def test_descriptions_are_our_own_words() -> None:
    """No description repeats a sentence of the ministry's instruction of sixty letters or more."""
    copied = []
    for file in sorted((ROOT / "schemas" / "835").glob("*.json")):
        original = json.loads((REFERENCE / file.stem / "schema.json").read_text("utf-8-sig"))
        instructions = " ".join(item["description"] for item in original["tableSchema"]["columns"])
        for field in json.loads(file.read_text("utf-8"))["fields"]:
            meaning = re.split(r"(?<=[.]) ", field["description"])[0].rstrip(".")
            if len(meaning) >= 60 and meaning in instructions:
                copied.append(f"{file.stem}.{field['name']}: {meaning}")
    assert not copied, "\n".join(copied)
