"""CSV, TSV and other delimited text as a grid: pyarrow splits the cells, Python's csv module judges what is odd."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read import encoding as encodings
from vidkryto.read.grid import Grid

DELIMITERS = (";", ",", "\t", "|")
MAX_LINE = 64 << 20
"""Bytes without a line break; no table has such a line."""
BATCH = 50_000
_SENTINEL = "\x1f\x1e vidkryto \x1e\x1f"


@dataclass(slots=True)
class Text:
    """A delimited file as UTF-8 bytes, and what was found on the way there."""

    content: bytes
    encoding: str
    verdict: encodings.Verdict
    findings: list[Finding] = field(default_factory=list)


def read_delimited(path: Path, reading: Reading, place: Place) -> Grid:
    """The cells of a delimited text file.

    Raises ReadError when the encoding is undecided, when a quote is never closed, when the file holds NUL bytes,
    or when a limit of the reading is passed.
    """
    text = text_of(path, reading, place)
    delimiter = reading.delimiter if reading.delimiter != "auto" else sniff_delimiter(text.content, reading.quote)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1:
        raise ReadError(
            f"a delimiter is one character, not {delimiter!r}",
            (Finding("delimiter-unusable", place, found=delimiter),),
            remedy="Write one character as `delimiter`.",
        )
    width = _width(text.content, delimiter, reading, place)
    grid = _split(text.content, delimiter, width, reading, place)
    return Grid(
        columns=grid.columns,
        rows=grid.rows,
        file=place.file,
        rejected=grid.rejected,
        findings=(*text.findings, *grid.findings),
        encoding=text.encoding,
        extra={"delimiter": delimiter, "verdict": text.verdict},
    )


def text_of(path: Path, reading: Reading, place: Place) -> Text:
    """The file's text as UTF-8 without a mark, its encoding decided or as declared."""
    content = path.read_bytes()
    if not content or content.isspace():
        raise ReadError(
            f"{place.file} is empty",
            (Finding("file-empty", place),),
            remedy="Export the table again; the file has no rows.",
        )
    _check_lines(content, reading, place)
    if reading.encoding == "auto":
        verdict = encodings.decide(content)
        name = encodings.require(verdict, place)
    else:
        name = reading.encoding
        verdict = encodings.Verdict(name, "declared")
    findings: list[Finding] = []
    if verdict.truncated:
        findings.append(Finding("file-truncated", place))
    decoded = _decode(content, name, verdict, reading, place, findings)
    if b"\0" in decoded:
        line = decoded[: decoded.index(b"\0")].count(b"\n") + 1
        raise ReadError(
            f"{place.file} holds NUL bytes, the first in line {line}",
            (Finding("nul-bytes", Place(place.resource, place.file, row=line), count=decoded.count(b"\0")),),
            remedy="The file is damaged or is not a text file; export it again.",
        )
    return Text(decoded, name, verdict, findings)


def _check_lines(content: bytes, reading: Reading, place: Place) -> None:
    """Refuse a line of many megabytes before anything is copied: it is a cell without end or no text at all."""
    start, limit = 0, max(MAX_LINE, 4 * reading.max_cell)
    while len(content) - start > limit:
        end = content.rfind(b"\n", start, start + limit)
        if end < 0:
            raise _too_long(place, f"> {limit}", reading)
        start = end + 1


def _too_long(place: Place, found: str, reading: Reading) -> ReadError:
    return ReadError(
        f"{place.file}: a cell has {found} characters; the limit is {reading.max_cell}",
        (Finding("cell-too-long", place, found=found, wanted=str(reading.max_cell)),),
        remedy="Look for a quotation mark that is never closed; or raise `max_cell` in the block `reading`.",
    )


def _decode(
    content: bytes, name: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> bytes:
    try:
        codec = encodings.codec_of(name)
    except LookupError:
        raise ReadError(
            f"the contract names the encoding {name!r}, which does not exist",
            (Finding("encoding-unknown", place, found=name),),
            remedy="Write for example windows-1251, utf-8, koi8-u or cp866.",
        ) from None
    if verdict.how == "letters" and not verdict.odd_lines:
        lines, other = encodings.odd_lines(content, name)
        if lines:
            verdict = encodings.Verdict(name, "letters", verdict.margin, verdict.candidates, lines, other)
    if verdict.odd_lines:
        return _decode_mixed(content, codec, verdict, reading, place, findings)
    if codec in ("utf-8", "utf-8-sig"):
        plain = content.removeprefix(b"\xef\xbb\xbf")
        if verdict.how == "declared" or verdict.truncated:
            _strict(plain, codec, place, truncated=verdict.truncated)
            if verdict.truncated:
                plain = plain.decode("utf-8", "ignore").encode()
        return plain
    return _strict(content, codec, place).encode()


def _strict(content: bytes, codec: str, place: Place, *, truncated: bool = False) -> str:
    try:
        return content.decode(codec, "ignore" if truncated else "strict").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where = Place(place.resource, place.file, row=line)
        raise ReadError(
            f"{place.file}, line {line}: not {codec} (byte {content[error.start]:#04x})",
            (Finding("encoding-broken", where, details={"encoding": codec}),),
            remedy="Check `encoding` in the contract, or export the file again.",
        ) from error


def _decode_mixed(
    content: bytes, codec: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> bytes:
    """Lines of two encodings: read only when the contract says what the other one is."""
    other = reading.mixed
    shown = verdict.odd_encoding or "?"
    found = Finding(
        "encoding-mixed",
        place,
        count=len(verdict.odd_lines),
        rows=verdict.odd_lines[:10],
        details={
            "encoding": verdict.encoding,
            "other": other or shown,
            "lines": ", ".join(map(str, verdict.odd_lines[:10])),
        },
    )
    if not other:
        raise ReadError(
            f"{place.file}: {len(verdict.odd_lines)} lines are not in {verdict.encoding} (they look like {shown}); "
            f"the first is line {verdict.odd_lines[0]}",
            (found,),
            remedy=f"Mend the file, or write `mixed: {verdict.odd_encoding or 'windows-1251'}` into `reading`.",
        )
    odd, lines = set(verdict.odd_lines), content.split(b"\n")
    main = codec if codec != "utf-8-sig" else "utf-8"
    parts = [
        _strict(line, encodings.codec_of(other) if number in odd else main, place)
        for number, line in enumerate(lines, start=1)
    ]
    findings.append(Finding("repair-encoding-mixed", place, count=len(odd), rows=found.rows, details=found.details))
    return "\n".join(parts).encode()


def sniff_delimiter(content: bytes, quote: str) -> str:
    """The delimiter whose count per record is most even over the first records; a comma when there is none."""
    head = content[: 1 << 16].decode("utf-8", "ignore")
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _records(head, delimiter, quote, 50) if row]
        if len(head) < len(content) and len(widths) > 1:
            widths = widths[:-1]
        if not widths:
            continue
        common = max(set(widths), key=widths.count)
        score = (common > 1) * (widths.count(common) / len(widths)) * min(common, 12) ** 0.3
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _records(text: str, delimiter: str, quote: str, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for row in _reader(io.StringIO(text, newline=""), delimiter, quote):
            found.append(row)
            if len(found) >= limit:
                break
    except csv.Error:
        return found
    return found


def _reader(stream: Iterable[str], delimiter: str, quote: str, longest: int = 1 << 30) -> Iterator[list[str]]:
    csv.field_size_limit(longest)
    if not quote:
        return csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(stream, delimiter=delimiter, quotechar=quote)


def _width(content: bytes, delimiter: str, reading: Reading, place: Place) -> int:
    """How many columns the table has: the widest header row, else the commonest width of the first records."""
    need = max(reading.header.rows, default=0) + 50
    head = content[: 1 << 20].decode("utf-8", "ignore")
    lines, widths, width = 1, [], 0
    for row in _records(head, delimiter, reading.quote, need):
        if lines in reading.header.rows:
            width = max(width, len(row))
        lines += 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)
        widths.append(len(row))
    width = width or max(set(widths), key=widths.count, default=1)
    if width > reading.max_columns:
        raise ReadError(
            f"{place.file} has {width} columns; the limit is {reading.max_columns}",
            (Finding("too-many-columns", place, found=str(width), wanted=str(reading.max_columns)),),
            remedy="Check the delimiter; or raise `max_columns` in the block `reading`.",
        )
    return max(width, 1)


@dataclass(slots=True)
class _Split:
    columns: tuple[pa.Array, ...]
    rows: pa.Array
    rejected: int
    findings: tuple[Finding, ...]


def _split(content: bytes, delimiter: str, width: int, reading: Reading, place: Place) -> _Split:
    quoted = bool(reading.quote) and reading.quote.encode() in content
    table, ragged = _arrow(content, delimiter, width, reading.quote if quoted else "", reading, place)
    if table is None:
        return _python(content, delimiter, width, reading, place)
    columns = [_flat(column) for column in table.columns]
    odd: dict[int, list[str]] = {}
    if ragged:
        columns, odd = _insert(columns, ragged, delimiter, reading.quote)
    lines = _line_numbers(columns, content, quoted, odd)
    return _finish(columns, lines, odd, width, reading, place)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def _arrow(
    content: bytes, delimiter: str, width: int, quote: str, reading: Reading, place: Place
) -> tuple[pa.Table | None, list[tuple[int, str]]]:
    """The cells by pyarrow, and the records of another width with their number.

    None instead of the table when pyarrow would read the file otherwise than Python's csv module: a quote that is
    never closed, a delimiter of several bytes. A file with quotes and CR is one block, because pyarrow loses the line
    feed of a quoted CR LF that straddles two blocks.
    """
    if len(delimiter.encode()) != 1:
        return None, []
    ragged: list[tuple[int, str]] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        if row.number is None:
            return "error"
        ragged.append((row.number, row.text))
        return "skip"

    names = [str(number) for number in range(width)]
    whole = bool(quote) and b"\r" in content
    block = max(len(content) + 4096, 1 << 16) if whole else 1 << 23
    if block >= 1 << 31:
        return None, []
    closing = b"" if content.endswith((b"\n", b"\r")) else b"\n"
    tail = closing + _sentinel_line(width, delimiter) if quote else b""
    source = pa.BufferReader(pa.py_buffer(content + tail if tail else content))
    for threads in (not whole, False):
        ragged.clear()
        source.seek(0)
        try:
            table = arrow_csv.read_csv(
                source,
                read_options=arrow_csv.ReadOptions(use_threads=threads, block_size=block, column_names=names),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=delimiter,
                    quote_char=quote or False,
                    double_quote=True,
                    newlines_in_values=bool(quote),
                    ignore_empty_lines=False,
                    invalid_row_handler=keep,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    quoted_strings_can_be_null=False,
                ),
            )
            break
        except pa.ArrowInvalid:
            if not threads:
                return None, []
    if tail:
        if table.num_rows == 0 or table.column(0)[-1].as_py() != _SENTINEL:
            return None, []
        table = table.slice(0, table.num_rows - 1)
    _check_size(table.num_rows, reading, place)
    return table, ragged


def _sentinel_line(width: int, delimiter: str) -> bytes:
    return (_SENTINEL + delimiter * (width - 1) + "\n").encode()


def _check_size(rows: int, reading: Reading, place: Place) -> None:
    if rows > reading.max_rows:
        raise ReadError(
            f"{place.file} has {rows} rows; the limit is {reading.max_rows}",
            (Finding("too-many-rows", place, found=str(rows), wanted=str(reading.max_rows)),),
            remedy="Raise `max_rows` in the block `reading`, if so many rows are right.",
        )


def _python(content: bytes, delimiter: str, width: int, reading: Reading, place: Place) -> _Split:
    """The same by Python's csv module, for files on which pyarrow differs from it.

    A record of our own behind the last one shows whether the file ends inside quotation marks.
    """
    batches: list[list[pa.Array]] = []
    cells: list[list[str]] = [[] for _ in range(width)]
    rows: list[int] = []
    odd: dict[int, list[str]] = {}
    line, last = 1, [""]
    try:
        for row in _reader(_with_sentinel(content), delimiter, reading.quote, reading.max_cell):
            if len(cells[0]) == BATCH:
                batches.append([pa.array(column, pa.string()) for column in cells])
                cells = [[] for _ in range(width)]
            last = row
            rows.append(line)
            line += 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)
            if row and len(row) != width:
                odd[len(rows) - 1] = row
            for position in range(width):
                cells[position].append(row[position] if position < len(row) else "")
    except csv.Error as error:
        where = Place(place.resource, place.file, row=line)
        raise _too_long(where, f"> {reading.max_cell}", reading) from error
    if last != [_SENTINEL]:
        raise _unclosed(place, rows[-1] if rows else 1, last)
    odd.pop(len(rows) - 1, None)
    batches.append([pa.array(column, pa.string()) for column in cells])
    columns = [pa.concat_arrays(parts).slice(0, len(rows) - 1) for parts in zip(*batches, strict=True)]
    return _finish(columns, np.array(rows[:-1], dtype=np.int64), odd, width, reading, place)


def _with_sentinel(content: bytes) -> Iterator[str]:
    """The lines of the text with their ends, and the sentinel as a last line."""
    yield from io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    yield ("" if content.endswith((b"\n", b"\r")) else "\n") + _SENTINEL + "\n"


def _unclosed(place: Place, line: int, row: list[str]) -> ReadError:
    where = Place(place.resource, place.file, row=line)
    opened = next((cell for cell in row if _SENTINEL in cell), "")
    return ReadError(
        f"{place.file}: a quotation mark opened near line {line} is never closed",
        (Finding("quote-unclosed", where, found=opened[:40] or None),),
        remedy='Close it, double it if it belongs to the text, or write `quote: ""` if the file has no quoting.',
    )


def _insert(
    columns: list[pa.Array], ragged: list[tuple[int, str]], delimiter: str, quote: str
) -> tuple[list[pa.Array], dict[int, list[str]]]:
    """Put the records of another width back at their place, padded or cut; the whole record is kept beside."""
    numbers = np.array([number - 1 for number, _ in ragged], dtype=np.int64)
    total = len(columns[0]) + len(ragged)
    order = np.full(total, -1, dtype=np.int64)
    order[numbers] = len(columns[0]) + np.arange(len(ragged))
    order[order < 0] = np.arange(len(columns[0]))
    parsed = [next(iter(_reader(io.StringIO(text, newline=""), delimiter, quote)), []) for _, text in ragged]
    taken = pa.array(order)
    placed = []
    for position, column in enumerate(columns):
        extra = pa.array([row[position] if position < len(row) else "" for row in parsed], pa.string())
        placed.append(pa.concat_arrays([column, extra]).take(taken))
    return placed, dict(zip((int(number) for number in numbers), parsed, strict=True))


def _line_numbers(
    columns: list[pa.Array], content: bytes, quoted: bool, odd: dict[int, list[str]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The line of the file on which each record begins: records and the line breaks inside their cells."""
    count = len(columns[0])
    if not quoted or _line_breaks(content) <= count:
        return np.arange(1, count + 1, dtype=np.int64)
    inside = np.zeros(count, dtype=np.int64)
    patterns = (("\n", 1), ("\r", 1), ("\r\n", -1)) if b"\r" in content else (("\n", 1),)
    for column in columns:
        for pattern, sign in patterns:
            breaks = pc.fill_null(pc.count_substring(column, pattern), 0)
            inside += sign * np.asarray(breaks, dtype=np.int64)
    for number, row in odd.items():
        inside[number] = sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)
    return np.arange(1, count + 1, dtype=np.int64) + np.concatenate(([0], np.cumsum(inside)[:-1]))


def _line_breaks(content: bytes) -> int:
    """How many line breaks there are; CR LF is one."""
    bytes_, found = np.frombuffer(content, dtype=np.uint8), 0
    for start in range(0, len(bytes_), 1 << 22):
        found += int(np.count_nonzero(bytes_[start : start + (1 << 22)] == 10))
    if b"\r" in content:
        found += content.count(b"\r") - content.count(b"\r\n")
    return found


def _finish(
    columns: list[pa.Array],
    lines: np.ndarray[tuple[int], np.dtype[np.int64]],
    odd: dict[int, list[str]],
    width: int,
    reading: Reading,
    place: Place,
) -> _Split:
    """Judge the records of another width: empty cells too many are dropped, filled ones reject the record."""
    _check_size(len(lines), reading, place)
    findings: list[Finding] = []
    long = [number for number, row in odd.items() if any(cell.strip() for cell in row[width:])]
    data_from = max(reading.header.rows, default=0)
    rejected = [number for number in long if int(lines[number]) > data_from]
    if rejected:
        rows = tuple(int(lines[number]) for number in rejected)
        findings.append(
            Finding(
                "row-too-wide", place, count=len(rows), rows=rows[:10], details={"width": width, "lines": _some(rows)}
            )
        )
    short = [n for n, row in odd.items() if 1 < len(row) < width and int(lines[n]) > data_from]
    if short:
        rows = tuple(int(lines[number]) for number in short)
        findings.append(
            Finding(
                "row-too-short", place, count=len(rows), rows=rows[:10], details={"width": width, "lines": _some(rows)}
            )
        )
    if rejected:
        keep = np.ones(len(lines), dtype=bool)
        keep[rejected] = False
        mask = pa.array(keep)
        columns = [column.filter(mask) for column in columns]
        lines = lines[keep]
    for column in columns:
        longest = pc.max(pc.binary_length(column)).as_py() or 0  # bytes: never fewer than characters
        if longest > reading.max_cell and (longest := pc.max(pc.utf8_length(column)).as_py()) > reading.max_cell:
            raise _too_long(place, str(longest), reading)
    return _Split(tuple(columns), pa.array(lines), len(rejected), tuple(findings))


def _some(rows: tuple[int, ...]) -> str:
    return ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")
