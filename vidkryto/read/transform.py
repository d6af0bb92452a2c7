"""A transformation beside the contract, when declarations are not enough: `transform.sql` or `transform.py`.

SQL runs in DuckDB without access to files and network. Python runs in a process of its own without the environment's
secrets; on Linux the kernel keeps sockets and other programs from it, elsewhere a guard inside Python does, which keeps
accidents out and no malice: the table says which it was. A transformation is code of the repository, reviewed like any
other. Its bytes and those of the reference tables are recorded by hash; rows that do not come out are told.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from vidkryto.catalogue.load import reference_tables
from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Place
from vidkryto.read.table import Table, place_of

MEMORY = "2GB"
TIMEOUT = 900
ROW, SOURCE = "_row", "_source"
"""Columns that carry the place of each row through a transformation; keep them to keep the places."""
SHOWN = 10


def transformation(folder: Path, resource: str) -> Path | None:
    """The transformation of a resource: `transform.RESOURCE.sql` or .py, else `transform.sql` or .py; None without one.

    Raises ContractError when there are both.
    """
    for stem in (f"transform.{resource}", "transform"):
        found = [path for suffix in (".sql", ".py") if (path := folder / f"{stem}{suffix}").is_file()]
        if len(found) > 1:
            raise ContractError(f"{stem}.sql and {stem}.py are both there", remedy="Keep one of them.")
        if found:
            return found[0]
    return None


def transform(
    tables: Mapping[str, Table],
    resource: str,
    file: Path,
    schema: Mapping[str, Any],
    references: Mapping[str, Path] | None = None,
) -> Table:
    """The table of `resource` after its transformation.

    `tables` are the read tables of the dataset by the name of their resource, `references` CSV files (UTF-8) by the
    name under which the transformation uses them; by default those of the folder `references` beside it.
    Raises ContractError when the transformation fails or gives columns that the schema does not have.
    """
    known = dict(references or {path.stem: path for path in reference_tables(file.parent)})
    inputs = {name: _with_places(table) for name, table in tables.items()}
    inputs |= {name: _reference(path) for name, path in known.items()}
    run = _run_sql if file.suffix == ".sql" else _run_python
    result, isolation = run(file, {_identifier(name): table for name, table in inputs.items()})
    digest = hashlib.sha256(file.read_bytes())
    for name, path in sorted(known.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    shaped = _shaped(result, tables[resource], schema, file, digest.hexdigest())
    details = {
        "file": file.name,
        "before": tables[resource].columns.num_rows,
        "after": shaped.columns.num_rows,
        "sha256": shaped.transform,
        "isolation": ", ".join(isolation),
    }
    note = Finding("transformed", Place(resource, file.name), count=shaped.columns.num_rows, details=details)
    told = [replace(item, details=details) for item in _left_behind(tables[resource], shaped, resource, result)]
    return replace(shaped, repairs=(*shaped.repairs, note), findings=(*shaped.findings, *told))


def _left_behind(before: Table, after: Table, resource: str, result: pa.Table) -> list[Finding]:
    """The rows that did not come out: file by file where the places were kept, else only how many fewer there are."""
    told = []
    if _keeps_places(result):
        here, there = (pa.table({SOURCE: one.sources.dictionary_decode(), ROW: one.rows}) for one in (before, after))
        gone = here.join(there, keys=[SOURCE, ROW], join_type="left anti")
        for source in sorted(gone[SOURCE].unique().to_pylist()):
            rows = sorted(gone.filter(pc.equal(gone[SOURCE], source))[ROW].to_pylist())
            told.append(_fewer(place_of(source, resource, rows[0]), len(rows), tuple(dict.fromkeys(rows))[:SHOWN]))
    fewer = before.columns.num_rows - after.columns.num_rows
    return told or ([_fewer(Place(resource), fewer)] if fewer > 0 else [])


def _fewer(place: Place, count: int, rows: tuple[int, ...] = ()) -> Finding:
    return Finding("transform-fewer-rows", place, count=count, rows=rows)


def _keeps_places(result: pa.Table) -> bool:
    return ROW in result.column_names and SOURCE in result.column_names


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def _with_places(table: Table) -> pa.Table:
    return table.columns.append_column(ROW, table.rows).append_column(SOURCE, table.sources.dictionary_decode())


def _reference(path: Path) -> pa.Table:
    with path.open("rb") as stream:
        names = stream.readline().decode("utf-8-sig").strip()
    header = [name.strip('"') for name in names.split(",")]
    options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True)
    return arrow_csv.read_csv(path, convert_options=options)


def _run_sql(file: Path, inputs: Mapping[str, pa.Table]) -> tuple[pa.Table, tuple[str, ...]]:
    sql = file.read_text(encoding="utf-8")
    if not re.search(r"\border\s+by\b", sql, re.IGNORECASE):
        raise ContractError(
            f"{file.name} has no ORDER BY: equal data would come out in another order",
            remedy="End it with ORDER BY, for example ORDER BY _source, _row.",
        )
    settings: dict[str, Any] = {
        "memory_limit": MEMORY,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(config=settings) as connection:
        for name, table in inputs.items():
            connection.register(name, table)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            relation = connection.sql(sql)
            if relation is None:
                raise ContractError(f"{file.name} gives no rows", remedy="End it with one SELECT.")
            return relation.to_arrow_table(), ("duckdb",)
        except duckdb.Error as error:
            raise _failed(file, words_of(error)) from None


def _run_python(file: Path, inputs: Mapping[str, pa.Table]) -> tuple[pa.Table, tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="vidkryto-transform-") as work:
        folder = Path(work)
        for name, table in inputs.items():
            with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema) as sink:
                sink.write_table(table)
        runner = Path(__file__).with_name("transform_runner.py")
        command = [sys.executable, "-I", str(runner), str(file.resolve()), work]
        try:
            done = subprocess.run(  # a fresh process without the environment: no secret is within reach
                command, capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd=work, env={"PATH": ""}
            )
        except subprocess.TimeoutExpired:
            raise ContractError(f"{file.name} ran longer than {TIMEOUT} s", remedy="Make it lighter.") from None
        result = folder / "result"
        if done.returncode or not result.is_file():
            raise _failed(file, _python_words(done.stderr))
        with pa.memory_map(str(result)) as source:
            isolation = tuple((folder / "isolation").read_text(encoding="ascii").split())
            return pa.ipc.open_file(source).read_all().combine_chunks(), isolation


def words_of(error: duckdb.Error) -> str:
    """What DuckDB says of a query it does not understand; of a failure over the data only its kind.

    The words of a failure over data may quote a cell, and not always within quotes.
    """
    if isinstance(error, (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)):
        return str(error).splitlines()[0][:300]
    return type(error).__name__


ABOUT_CODE = ("SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError", "PermissionError")
"""Errors of Python whose words speak of the program; those of any other may quote a cell."""


def _python_words(stderr: str) -> str:
    last = (stderr.strip() or "no result").splitlines()[-1]
    kind = last.partition(":")[0]
    if last == "no result" or kind in ABOUT_CODE:
        return last[:300]
    return kind if re.fullmatch(r"[A-Za-z_.]+", kind) else "unknown error"


def _failed(file: Path, words: str) -> ContractError:
    return ContractError(
        f"{file.name} failed: {words}", remedy="Try it on the read tables; see docs/reference/reading.md."
    )


def _shaped(result: pa.Table, table: Table, schema: Mapping[str, Any], file: Path, digest: str) -> Table:
    """The result as a table: the schema's fields as text, and the places where they were kept."""
    names = [str(item["name"]) for item in schema.get("fields", ())]
    missing = [name for name in names if name not in result.column_names]
    unknown = [name for name in result.column_names if name not in (*names, ROW, SOURCE)]
    if missing or unknown:
        raise ContractError(
            f"{file.name} gives other columns than the schema: missing {missing}, unknown {unknown}",
            remedy="Name the columns as the fields of the schema.",
        )
    columns = pa.table({name: _text(result[name], name, file) for name in names})
    kept = _keeps_places(result)
    rows = (
        result[ROW].combine_chunks().cast(pa.int64()) if kept else pa.array(range(1, columns.num_rows + 1), pa.int64())
    )
    sources = _flat(result[SOURCE]) if kept else pa.array([file.name] * columns.num_rows, pa.string())
    return replace(
        table,
        columns=columns,
        rows=_flat(rows),
        sources=_encoded(pc.fill_null(sources.cast(pa.string()), file.name), table.sources.dictionary),
        transform=digest,
    )


def _encoded(sources: pa.Array, known: pa.Array) -> pa.Array:
    """Sources in the order in which the read table has them; others come after, and those that are gone stay."""
    others = sources.unique()
    names = pa.concat_arrays([known, others.filter(pc.invert(pc.is_in(others, known)))])
    return pa.DictionaryArray.from_arrays(pc.index_in(sources, names), names)


def _flat(array: Any) -> pa.Array:
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _text(column: pa.ChunkedArray, name: str, file: Path) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        raise ContractError(
            f"{file.name}: {name} became a binary number, which loses digits",
            remedy=f"Give text: in SQL cast it as DECIMAL, in Python as str, before it is {name}.",
        )
    return column.cast(pa.string())
