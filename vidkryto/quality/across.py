"""Expectations of our own that look across rows, columns, tables and releases; Great Expectations has none of them.

Each is a model, so a misspelt argument fails; each is judged in DuckDB, whatever the size of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import duckdb
import pyarrow as pa
from pydantic import Field, ValidationError

from vidkryto.catalogue.model import Block
from vidkryto.errors import ContractError
from vidkryto.quality.great import ROW
from vidkryto.quality.metrics import quoted
from vidkryto.quality.result import SHOWN, Result, shown
from vidkryto.quality.suite import Expectation
from vidkryto.read.transform import words_of

Columns = Annotated[tuple[str, ...], Field(min_length=1)]
CENT = 0.005


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What these expectations may look at: all tables with the officer's rows, and what was there before."""

    tables: Mapping[str, pa.Table]
    rows: Mapping[str, pa.Array]
    totals: Mapping[str, tuple[pa.Table, pa.Array]] = field(default_factory=dict)
    """Tables as text with their total rows, which the release leaves out."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before: Mapping[str, pa.Table] = field(default_factory=dict)
    """The keys of the last release, by resource."""
    uncomparable: frozenset[str] = frozenset()
    """Tables whose keys are protected, or other ones than those of the last release."""


class PartsSumToTotal(Block):
    """Rows of a total equal the sum of the rows of its parts: FUND_TYP T = C + S.

    Looks at the export with its total rows, also where the reading leaves them out of the table.
    """

    columns: Columns
    category: str
    total: str
    parts: Columns
    by: Columns
    tolerance: float = CENT

    def judge(self, at: Surroundings, name: str) -> Result:
        """Groups whose total differs, by the rows of their totals.

        Where the table has neither the total nor any part, nothing was compared: their spelling is another one.
        """
        table, rows = at.totals.get(name) or (at.tables[name], at.rows[name])
        keys = ", ".join(map(quoted, self.by))
        category = quoted(self.category)
        sums, differs = [], []
        for number, column in enumerate(self.columns):
            amount = f"try_cast({quoted(column)} as decimal(38, 6))"
            sums.append(f"sum({amount}) filter (where {category} = $total) as t{number}")
            sums.append(f"sum({amount}) filter (where list_contains($parts, {category})) as p{number}")
            differs.append(f"abs(coalesce(t{number}, 0) - coalesce(p{number}, 0)) > $tolerance")
        sql = (
            f"select place from (select {keys}, {', '.join(sums)}, "
            f"coalesce(min({ROW}) filter (where {category} = $total), min({ROW})) as place "
            f"from judged group by {keys}) where {' or '.join(differs)} order by place"
        )
        values = {"total": self.total, "parts": list(self.parts), "tolerance": self.tolerance}
        wanted = f"{self.category} {self.total} = {' + '.join(self.parts)}"
        connection = _connected({"judged": (table, rows)})
        named = f"select count(*) from judged where list_contains($words, {category}::varchar)"
        counted = connection.execute(named, {"words": [self.total, *self.parts]}).fetchone()
        if table.num_rows and not (counted or (0,))[0]:
            return Result(False, wanted=wanted, raised=True)
        return _rows(connection, sql, values, wanted)


class ColumnsSumToColumn(Block):
    """In every row a column equals the sum of others: boys + girls = pupils. Rows with an empty part do not count."""

    parts: Columns
    total: str
    tolerance: float = CENT

    def judge(self, at: Surroundings, name: str) -> Result:
        """Rows whose sum differs."""
        parts = " + ".join(f"{quoted(column)}::double" for column in self.parts)
        sql = f"select {ROW} from judged where abs({quoted(self.total)}::double - ({parts})) > $tolerance"
        wanted = f"{self.total} = {' + '.join(self.parts)}"
        tables = {"judged": (at.tables[name], at.rows[name])}
        return _rows(_connected(tables), sql, {"tolerance": self.tolerance}, wanted)


class SumEqualsTable(Block):
    """For each group, the sum of a column equals that of a column of another table; a group that one lacks differs."""

    column: str
    other: str
    """The other table's resource."""
    other_column: str
    by: Columns
    other_by: tuple[str, ...] = ()
    """The other table's names of `by`, where they differ."""
    tolerance: float = CENT

    def judge(self, at: Surroundings, name: str) -> Result:
        """Groups that differ, by their first rows in this table."""
        names = self.other_by or self.by
        mine = ", ".join(f"{quoted(column)}::varchar as k{n}" for n, column in enumerate(self.by))
        theirs = ", ".join(f"{quoted(column)}::varchar as k{n}" for n, column in enumerate(names))
        keys = ", ".join(f"k{n}" for n, _ in enumerate(self.by))
        sql = (
            f"select place from (select {mine}, sum({quoted(self.column)}::double) as a, min({ROW}) as place "
            f"from judged group by {keys}) full join (select {theirs}, sum({quoted(self.other_column)}::double) as b "
            f"from other group by {keys}) using ({keys}) "
            "where abs(coalesce(a, 0) - coalesce(b, 0)) > $tolerance order by place"
        )
        tables = {"judged": (at.tables[name], at.rows[name]), "other": (at.tables[self.other], at.rows[self.other])}
        return _rows(_connected(tables), sql, {"tolerance": self.tolerance}, f"= {self.other}.{self.other_column}")


class KeysRemain(Block):
    """No more than a share of the keys of the last release vanished. A first publication has none to compare with."""

    share: float = Field(0.05, ge=0, lt=1)

    def judge(self, at: Surroundings, name: str) -> Result:
        """How many keys vanished; they have no row in the present export."""
        before, key = at.before.get(name), at.keys.get(name, ())
        if not key:
            return Result(False, raised=True)
        if name in at.uncomparable:
            return Result(False, uncompared=True)
        if before is None or not before.num_rows:
            return Result(True)
        same = " and ".join(f"before.{quoted(part)} = judged.{quoted(part)}::varchar" for part in key)
        connection = _connected({"judged": (at.tables[name], at.rows[name])})
        connection.register("before", before)
        with connection:
            counted = connection.execute(
                f"select count(*) from before where not exists (select 1 from judged where {same})"
            ).fetchone()
        gone = int((counted or (0,))[0])
        allowed = int(before.num_rows * self.share)
        return Result(gone <= allowed, gone, gone, (), f"≤ {allowed}")


class NoRows(Block):
    """A query of your own over the tables of the dataset, by their names, finds nothing.

    Its first column may be `__row`, the row in the officer's file.
    """

    query: str

    def judge(self, at: Surroundings, _name: str) -> Result:
        """The rows that the query found."""
        connection = _connected({resource: (table, at.rows[resource]) for resource, table in at.tables.items()})
        try:
            return _rows(connection, self.query.strip().rstrip(";"), {}, shown(0))
        except duckdb.Error as error:
            raise ContractError(
                f"expectations.yaml: the query cannot be run: {words_of(error)}",
                remedy='Tables are named by their resources, such as "stop-times"; each also has the column __row.',
            ) from None


MODELS: Mapping[str, type[PartsSumToTotal | ColumnsSumToColumn | SumEqualsTable | KeysRemain | NoRows]] = {
    "expect_parts_to_sum_to_total": PartsSumToTotal,
    "expect_columns_to_sum_to_column": ColumnsSumToColumn,
    "expect_sum_to_equal_other_table": SumEqualsTable,
    "expect_keys_of_last_release_to_remain": KeysRemain,
    "expect_query_to_find_nothing": NoRows,
}


def judge(item: Expectation, name: str, at: Surroundings, values: Mapping[str, Any]) -> Result:
    """The result of one expectation of this module. Raises ContractError for arguments that do not fit."""
    try:
        model = MODELS[item.type].model_validate(item.resolved(values))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ContractError(f"expectations.yaml: {item.type}: {problems}", remedy="Check `kwargs`.") from None
    try:
        return model.judge(at, name)
    except (duckdb.BinderException, KeyError) as error:
        raise ContractError(
            f"expectations.yaml: {item.type} names a column or table that is not there: {str(error).splitlines()[0]}",
            remedy=f"The columns are {at.tables[name].column_names}.",
        ) from None


def _connected(tables: Mapping[str, tuple[pa.Table, pa.Array]]) -> duckdb.DuckDBPyConnection:
    """A database of these tables and nothing else: a query reaches no file and no address."""
    connection = duckdb.connect(config={"enable_external_access": False})
    for name, (table, rows) in tables.items():
        connection.register(name, table.append_column(ROW, rows))
    return connection


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any], wanted: str) -> Result:
    """What a query finds, as rows that do not fit."""
    with connection:
        counted = connection.execute(f"select count(*) from ({sql})", dict(values)).fetchone()
        found = int((counted or (0,))[0])
        first = connection.execute(f"select * from ({sql}) limit {SHOWN}", dict(values)) if found else None
        named = first is not None and bool(first.description) and first.description[0][0] in (ROW, "place")
        rows = [row[0] for row in first.fetchall() if row[0] is not None] if first is not None and named else []
    return Result(found == 0, found, found, tuple(sorted(int(row) for row in rows)), wanted)
