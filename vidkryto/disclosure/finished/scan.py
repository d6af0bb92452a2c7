"""Every file of a release looked at by its own format; what may stay is decided by class and recorded exception."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree.ElementTree import ParseError

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
from defusedxml.common import DefusedXmlException

from vidkryto import clock
from vidkryto.catalogue.classes import ClassName, ColumnClass
from vidkryto.disclosure.exceptions import Exemption, verdict
from vidkryto.disclosure.finished.images import in_image, is_image
from vidkryto.disclosure.finished.saw import Given, Saw, hidden, in_column, in_table, in_text, in_texts, unread
from vidkryto.disclosure.finished.workbooks import in_workbook
from vidkryto.disclosure.places import AT_HOME, kind_words, safe_name
from vidkryto.findings import Finding, Place

LARGEST_TEXT = 512 * 1024 * 1024
DEEPEST_ARCHIVE = 2
MOST_MEMBERS = 10_000
TEXTS = (".txt", ".md", ".html", ".htm", ".xml", ".ttl", ".yaml", ".yml", ".svg", ".css", ".rdf", ".kml", ".sha256", "")


def scan_release(
    folder: Path,
    files: Iterable[str] | None = None,
    *,
    classes: Mapping[str, ColumnClass] | None = None,
    exceptions: tuple[Exemption, ...] = (),
    known: Collection[str] = (),
    resources: Mapping[str, str] | None = None,
    words: Mapping[str, Mapping[str, str]] | None = None,
    today: date | None = None,
) -> tuple[Finding, ...]:
    """Open every file of a finished release again and say what must not leave.

    `files` are paths under `folder` (all of them without it); `classes` the classes of the published fields;
    `exceptions` the recorded decisions; `resources` names the resource of a file (without it the file's name without
    suffix); `words` what names each field of a resource (see `column_words`); `known` the public contacts of the
    contract, which may stand in the descriptor and the report.
    No value is quoted.
    """
    names = sorted(files) if files is not None else sorted(_files(folder))
    decided = _Decide(classes or {}, exceptions, resources or {}, today or clock.now().date())
    contacts = frozenset(word.strip().casefold() for word in known)
    findings: list[Finding] = []
    for name in names:
        given = Given(contacts, (words or {}).get((resources or {}).get(name, ""), {}))
        for saw in [*in_texts([name], "назва файлу", contacts), *_look(folder / name, given, 0)]:
            findings += decided.finding(name, saw)
    return tuple(findings)


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_symlink() or path.is_file():
            yield path.relative_to(folder).as_posix()


class _Decide:
    """Whether something seen may stay."""

    def __init__(
        self,
        classes: Mapping[str, ColumnClass],
        exceptions: tuple[Exemption, ...],
        resources: Mapping[str, str],
        today: date,
    ) -> None:
        self.classes = classes
        self.exceptions = exceptions
        self.resources = resources
        self.today = today

    def finding(self, name: str, saw: Saw) -> list[Finding]:
        """The finding for something seen, unless it is at home in its class or a decision covers it."""
        declared = self.classes.get(saw.field)
        if saw.kind and declared and saw.kind in AT_HOME.get(declared.name, frozenset()):
            return []
        if (
            saw.kind == "coordinates"
            and saw.field == "geometry"
            and any(one.name is ClassName.GEO for one in self.classes.values())
        ):
            return []
        resource = self.resources.get(name) or Path(name).stem
        field = safe_name(saw.field)
        place = Place(resource=self.resources.get(name, ""), file=safe_name(name), column=field, field=field)
        words: dict[str, str] = {"part": safe_name(saw.part) or "файл", "what_uk": saw.what[0], "what_en": saw.what[1]}
        words |= {"reason_uk": saw.what[0], "reason_en": saw.what[1], **kind_words(saw.kind or saw.code)}
        # A list of changes repeats cells of two releases of its table; it is the table whose cells are counted.
        cells = 0 if Path(name).stem == f"{resource}-changes" else saw.count
        decided = verdict(self.exceptions, resource, saw.field, saw.kind or saw.code, cells=cells, today=self.today)
        if decided.covered:
            return [Finding("contradiction-excepted", place, count=saw.count, details=words)]
        return [Finding(saw.code, place, count=saw.count, details=words)]


def _look(path: Path, given: Given, depth: int) -> Iterator[Saw]:
    """Look into one file; what cannot be looked at is told."""
    if path.is_symlink() or not path.is_file():
        yield unread("це не звичайний файл", "it is not a plain file")
        return
    look = _by_format(path)
    try:
        yield from look(path, given, depth)
    except (
        OSError,
        ValueError,
        KeyError,
        RecursionError,
        pa.ArrowException,
        zipfile.BadZipFile,
        ParseError,
        DefusedXmlException,
    ) as error:
        yield unread(
            f"файл не відкривається ({type(error).__name__})", f"the file does not open ({type(error).__name__})"
        )


Look = Callable[[Path, Given, int], Iterator[Saw]]


def _by_format(path: Path) -> Look:
    """How to look at a file: by its name, unless the first bytes say otherwise."""
    with path.open("rb") as stream:
        head = stream.read(16)
    suffix = path.suffix.casefold()
    if is_image(head):
        return _image
    if head.startswith(b"PK\x03\x04"):
        return _workbook if suffix in (".xlsx", ".xlsm") else _archive
    if head.startswith(b"PAR1"):
        return _parquet
    if suffix in (".csv", ".tsv"):
        return _delimited
    if suffix in (".json", ".geojson", ".jsonld"):
        return _json
    return _text if suffix in TEXTS else _unknown


def _unknown(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    yield unread(f"невідомий формат «{path.suffix}»", f"unknown format {path.suffix!r}")


def _image(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    yield from in_image(path.read_bytes())


def _workbook(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    yield from in_workbook(path, given)


def _parquet(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    """Columns one after the other, and what the footer says beside the schema."""
    file = parquet.ParquetFile(path)
    for name in file.schema_arrow.names:
        yield from in_table(file.read(columns=[name]), words=given.words)
    for key, value in (file.metadata.metadata or {}).items():
        if key not in (b"ARROW:schema", b"pandas"):
            yield from in_text(value.decode("utf-8", "replace"), "метадані Parquet", given.known)


def _delimited(path: Path, given: Given, depth: int) -> Iterator[Saw]:
    """A delimited text as columns; one that is not a table is read as text, so that it is looked at all the same."""
    delimiter = "\t" if path.suffix.casefold() == ".tsv" else ","
    try:
        with path.open("rb") as stream:
            head = arrow_csv.open_csv(
                stream, parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
            )
            names = head.schema.names
        table = arrow_csv.read_csv(
            path,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        yield from _text(path, given, depth)
        return
    if len(set(names)) != len(names):
        table = table.rename_columns(
            [f"{name}#{place}" if names.count(name) > 1 else name for place, name in enumerate(names)]
        )
    yield from in_table(table, words=given.words)


def _text(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    if path.stat().st_size > LARGEST_TEXT:
        yield unread("завеликий текст", "the text is too large")
        return
    yield from in_text(path.read_text(encoding="utf-8", errors="replace"), "текст", given.known)


def _json(path: Path, given: Given, depth: int) -> Iterator[Saw]:  # noqa: ARG001 - all looks are called alike
    """Every text and number of a JSON document by its path; the positions in lists are one path."""
    if path.stat().st_size > LARGEST_TEXT:
        yield unread("завеликий JSON", "the JSON is too large")
        return
    words = given.words if path.suffix.casefold() == ".geojson" else {}
    leaves: dict[tuple[str, str], list[str]] = {}
    _walk(json.loads(path.read_bytes()), "", "", leaves)
    for (where, key), texts in sorted(leaves.items()):
        if key == "coordinates":
            yield Saw("file-personal", where, "geometry", "coordinates", len(texts) // 2)
            continue
        yield from in_column(texts, key, where or "корінь", given.known, words.get(key, key))
    yield from in_texts(sorted({key for _, key in leaves}), "назва ключа", given.known)


def _walk(value: Any, where: str, key: str, leaves: dict[tuple[str, str], list[str]]) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _walk(item, f"{where}.{name}" if where else name, name, leaves)
    elif isinstance(value, list):
        for item in value:
            _walk(item, where, key, leaves)
    elif value is not None and not isinstance(value, bool):
        leaves.setdefault((where, key), []).append(str(value))


def _archive(path: Path, given: Given, depth: int) -> Iterator[Saw]:
    """Members of an archive, each looked at by its own format; archives in archives up to two deep."""
    if depth >= DEEPEST_ARCHIVE:
        yield unread("архів в архіві в архіві", "an archive in an archive in an archive")
        return
    with zipfile.ZipFile(path) as archive, TemporaryDirectory(prefix="vidkryto-scan-") as folder:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > LARGEST_TEXT:
            yield unread("завеликий архів", "the archive is too large")
            return
        if archive.comment:
            yield hidden("примітка до архіву", "a comment of the archive")
        for number, member in enumerate(members):
            yield from in_texts([member.filename], "назва в архіві", given.known)
            target = Path(folder) / f"{number}{Path(member.filename).suffix}"
            target.write_bytes(archive.read(member))
            yield from _look(target, given, depth + 1)
