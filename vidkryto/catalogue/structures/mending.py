"""Mending: from a structure as the ministry wrote it to one that holds, with a list of what was changed."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from vidkryto.catalogue.structures.csvw import Column, Structure
from vidkryto.catalogue.structures.defects import Defect
from vidkryto.catalogue.structures.examples import extracted, fits
from vidkryto.catalogue.structures.kinds import KINDS, Kind

TYPES = {"anyURL": "string", "decimal": "number", "dateTime": "datetime"}
"""CSVW types whose name differs in Table Schema."""

LOOK_ALIKES = str.maketrans("АВЕІКМНОРСТХаеіорсух", "ABEIKMHOPCTXaeiopcyx")
_EMPTY = re.compile(r"(?:вказати|вказується|зазначити|зазначається)\s*:?\s*[«\"]?null", re.IGNORECASE)
_ANONYMOUS = re.compile(r"знеособл", re.IGNORECASE)
_PERSON = re.compile(r"прізвище|ФОП|ПІБ|фізичн", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MendedColumn:
    """A column that is ready to be written as a field of a Table Schema."""

    name: str
    title: str
    type: str
    required: bool
    example: str
    kind: Kind | None = None
    enumeration: tuple[str | int, ...] = ()
    missing: tuple[str, ...] = ()
    unit: str = ""
    person: bool = False
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class MendedTable:
    """A table that is ready to be written as a Table Schema."""

    key: str
    annex: int
    columns: tuple[MendedColumn, ...]
    primary_key: tuple[str, ...]


@cache
def decisions() -> Mapping[str, Any]:
    """The decisions of `mends.toml`, parsed once."""
    return tomllib.loads(files("vidkryto.catalogue.structures").joinpath("mends.toml").read_text("utf-8"))


def mend(structure: Structure) -> tuple[MendedTable, tuple[Defect, ...]]:
    """The table with every known defect mended, and the list of them."""
    defects: list[Defect] = []
    names = _names(structure, defects)
    key = _primary_key(structure, names, defects)
    columns = tuple(
        _column(structure.key, name, column, name in key, defects)
        for name, column in zip(names, structure.columns, strict=True)
    )
    return MendedTable(structure.key, structure.annex, columns, key), tuple(defects)


def _names(structure: Structure, defects: list[Defect]) -> list[str]:
    """Names without invisible and look-alike letters, each once."""
    names = []
    for column in structure.columns:
        name = re.sub(r"\s", "", column.name)
        if name != column.name:
            defects.append(Defect(structure.key, "invisible-letters", name, _printable(column.name), name))
        latin = name.translate(LOOK_ALIKES)
        if latin != name:
            defects.append(Defect(structure.key, "look-alike-letters", latin, name, latin))
        names.append(latin)
    return _told_apart(structure.key, names, defects)


def _told_apart(table: str, names: list[str], defects: list[Defect]) -> list[str]:
    """The names with repeated ones replaced by the decided or, for a new edition, numbered ones."""
    result, seen = [], Counter[str]()
    for name in names:
        instead = decisions()["repeated"].get(f"{table}.{name}")
        repeats = names.count(name) > 1
        new = instead[seen[name]] if instead and repeats else f"{name}_{seen[name] + 1}" if seen[name] else name
        seen[name] += 1
        if new != name:
            defects.append(Defect(table, "repeated-name", new, f"{name}, {seen[name]} of {names.count(name)}", new))
        result.append(new)
    return result


def _primary_key(structure: Structure, names: Iterable[str], defects: list[Defect]) -> tuple[str, ...]:
    declared = tuple(re.sub(r"\s", "", name).translate(LOOK_ALIKES) for name in structure.primary_key if name.strip())
    decided = tuple(decisions()["keys"].get(structure.key, ()))
    known = set(names)
    wanted = decided or tuple(name for name in declared if name in known)
    if not declared:
        kind = "key-missing"
    elif not set(declared) <= known:
        kind = "key-without-column"
    else:
        kind = "key-repeats"
    if wanted != declared:
        mended = ", ".join(wanted) or "none"
        defects.append(Defect(structure.key, kind, "", ", ".join(declared) or "none", mended))
    return wanted


def _column(table: str, name: str, column: Column, in_key: bool, defects: list[Defect]) -> MendedColumn:
    path = f"{table}.{name}"
    mended = MendedColumn(
        name=name,
        title=re.sub(r"\s+", " ", column.title).strip(),
        type=_type(path, column, defects),
        required=_required(path, column, in_key, defects),
        example="",
        missing=tuple(decisions()["missing"].get(path, ())),
        enumeration=tuple(decisions()["enumerations"].get(path, ())),
        unit=_unit(path),
        person=bool(_PERSON.search(column.description)),
        anonymous=bool(_ANONYMOUS.search(column.description)),
    )
    mended = replace(mended, kind=_kind(path, mended, column))
    _notes(path, mended, column, defects)
    return replace(mended, example=_example(path, mended, column, defects))


def _type(path: str, column: Column, defects: list[Defect]) -> str:
    declared = TYPES.get(column.datatype, column.datatype)
    wanted = str(decisions()["types"].get(path, declared))
    if wanted != declared:
        defects.append(_defect(path, "wrong-type", column.datatype, wanted))
    return wanted


def _required(path: str, column: Column, in_key: bool, defects: list[Defect]) -> bool:
    """Whether a value must be there; a key always must."""
    may_be_empty = (
        bool(_EMPTY.search(column.description))
        or ("ЄДРПОУ" in column.description and bool(_ANONYMOUS.search(column.description)))
        or path in decisions()["missing"]
    )
    if column.required and path in decisions()["later"]["columns"]:
        defects.append(_defect(path, "required-too-early", "required", "not required"))
        return False
    if column.required and may_be_empty and not in_key:
        defects.append(_defect(path, "required-yet-empty", "required", "not required"))
        return False
    return column.required or in_key


def _unit(path: str) -> str:
    return next((unit for unit, paths in decisions()["units"].items() if path in paths), "")


def _kind(path: str, mended: MendedColumn, column: Column) -> Kind | None:
    """The kind of value by the decided lists, then by the name and the words of the column."""
    name = _kind_name(path, mended, column)
    return KINDS[name] if name else None


def _kind_name(path: str, mended: MendedColumn, column: Column) -> str:
    decided, name = decisions(), mended.name
    if path in decided["several"]["urls"]:
        return "url-list"
    if path == "65_containers.cansVolume":
        return "volumes"
    if mended.type != "string":
        return ""
    if column.datatype == "anyURL":
        return "url"
    if path in decided["several"]["codes"]:
        return "edrpou-list"
    is_code = re.search(r"(?:Id|Code|Identifier)$", name) and "ЄДРПОУ" in column.title + column.description
    if path in decided["codes"]["yes"] or (is_code and path not in decided["codes"]["no"]):
        return "edrpou"
    return _kind_by_name(name)


def _kind_by_name(name: str) -> str:
    rules = (
        (r".*(?:CATUTTC|Cattutc)", "katottg"),
        (r".*[pP]ostCode", "postcode"),
        (r".*(?:T|t)elephone", "phone-list"),
        (r"email|.*Email", "email-list"),
        (r"openingHours|workingHours|serviceHours|cleaningSchedule|contractSchedule", "hours"),
        (r"currency|currencyCode|.*Currency", "currency"),
        (r"implementerAddressAdminUnitL1", "country-code"),
        (r".*(?:A|a)dminUnitL1", "country"),
        (r"cadastralNum|cadastralNumber|parcelNumber", "cadastral"),
    )
    return next((kind for pattern, kind in rules if re.fullmatch(pattern, name)), "")


def _notes(path: str, mended: MendedColumn, column: Column, defects: list[Defect]) -> None:
    """Defects that are told by the words of the column."""
    decided = decisions()
    if mended.missing:
        defects.append(_defect(path, "word-in-typed-column", ", ".join(mended.missing), "missing value"))
    if mended.kind and mended.kind.name == "url-list":
        defects.append(_defect(path, "several-values", column.datatype, "string"))
    if path in decided["kept"]:
        defects.append(_defect(path, "misspelt-name", mended.name, f"kept; {decided['kept'][path]} was meant"))
    if column.datatype == "decimal" and "крапкою або комою" in column.description:
        defects.append(_defect(path, "decimal-comma-allowed", "point or comma", "point"))
    if mended.type == "datetime":
        defects.append(_defect(path, "moment-without-seconds", "YYYY-MM-DDThh:mm", "YYYY-MM-DDThh:mm:ss"))
    if mended.kind and mended.kind.name == "country" and "ISO 3166" in column.description:
        defects.append(_defect(path, "country-code", "three-letter code", "code or name"))


def _example(path: str, mended: MendedColumn, column: Column, defects: list[Defect]) -> str:
    """The example of the instruction where it keeps the column's own rule, else ours."""
    theirs = extracted(column.description)
    if mended.kind and mended.kind.pattern:
        if theirs and mended.kind.name in ("edrpou", "katottg", "cadastral") and not fits(theirs, mended):
            defects.append(_defect(path, "own-example-fails", theirs, mended.kind.example))
        return mended.kind.example
    ours = str(decisions()["examples"].get(path, ""))
    if theirs and not ours and fits(theirs, mended):
        return theirs
    if theirs and not fits(theirs, mended):
        defects.append(_defect(path, "own-example-fails", theirs, ours or _usual(mended)))
    return ours or _usual(mended)


def _usual(mended: MendedColumn) -> str:
    """An example for a column whose instruction has none."""
    if mended.enumeration:
        return str(mended.enumeration[0])
    if mended.kind:
        return mended.kind.example
    by_name = {"lat": "49.4229", "lon": "26.9871"}
    by_type = {
        "integer": "1",
        "number": "1.5",
        "date": "2026-05-30",
        "year": "2026",
        "time": "09:34:00",
        "datetime": "2026-05-30T10:45:00",
        "boolean": "True",
    }
    if mended.type == "string":
        usual = decisions()["usual"].items()
        return next(str(value) for pattern, value in usual if re.fullmatch(pattern, mended.name))
    return by_name.get(mended.name.lower()[-3:], by_type.get(mended.type, ""))


def _defect(path: str, kind: str, found: str, mended: str) -> Defect:
    table, column = path.split(".", 1)
    return Defect(table, kind, column, _printable(found), mended)


def _printable(text: str) -> str:
    """The text with the white space that cannot be seen written out."""
    if text == text.strip() and not re.search(r"[\t\n\r\u2028]", text):
        return text
    return "".join(letter if letter.isprintable() and letter != " " else f"\\u{ord(letter):04x}" for letter in text)
