"""Validates files: opened by frictionless, checked in columns, declined to frictionless where nothing is proven."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frictionless import Dialect, FrictionlessException, Report, Resource, Schema
from frictionless.formats.csv import CsvControl

from vidkryto.validate.declined import Declined, NeedsStream
from vidkryto.validate.endchecks import end_errors, file_stats
from vidkryto.validate.fallback import by_frictionless, unusable
from vidkryto.validate.keys import LookUp
from vidkryto.validate.opening import ForeignKey, Structure, declared_key, refuse_unproven, structure_of
from vidkryto.validate.planning import make_plan
from vidkryto.validate.referenced import lookups_of
from vidkryto.validate.report import cells_of_file
from vidkryto.validate.run import Progress, Run, run_segments, run_stream
from vidkryto.validate.segments import segments
from vidkryto.validate.validation import Origin, Validation, joined_tables, table_of_errors


def validate_file(
    path: str | Path,
    *,
    schema: Mapping[str, Any] | str | Path | None = None,
    dialect: Any = None,
    control: Any = None,
    encoding: str | None = None,
    detector: Any = None,
    limit_errors: int = 0,
    progress: Progress | None = None,
    extensions: bool = True,
) -> Validation:
    """Validate a delimited text file against a Table Schema, as frictionless 5.21 would.

    `schema` and `dialect` are descriptors, paths of descriptors or frictionless' objects, `control` and `detector`
    frictionless' objects; without a schema frictionless infers one. `limit_errors` stops after so many findings, 0
    finds all. `progress` is called with the bytes read and their total. `extensions` adds what frictionless does not
    check (see `extensions.py`). Raises ContractError when the schema cannot be used, OSError when the file cannot be
    read.
    """
    path = Path(path)
    try:
        options: dict[str, Any] = {} if detector is None else {"detector": detector}
        descriptor = {"name": "table", "path": path.name}
        descriptor |= {"encoding": encoding} if encoding else {}
        descriptor |= {} if schema is None else {"type": "table"}
        resource = Resource.from_descriptor(descriptor, basepath=str(path.parent), **options)
        if schema is not None:
            resource.schema = described(Schema, schema)
        if dialect is not None:
            resource.dialect = described(Dialect, dialect)
        if control is not None:
            resource.dialect.set_control(control)
    except FrictionlessException as error:
        raise unusable(error) from error
    return validate_resource(resource, limit_errors=limit_errors, progress=progress, extensions=extensions)


def described(kind: Any, value: Any) -> Any:
    """A frictionless Schema or Dialect, of a descriptor or of the path of one."""
    if isinstance(value, Mapping):
        return kind.from_descriptor(copy.deepcopy(dict(value)))
    return kind.from_descriptor(str(value)) if isinstance(value, str | Path) else value


def validate_resource(
    resource: Any, *, limit_errors: int = 0, progress: Progress | None = None, extensions: bool = True
) -> Validation:
    """Validate a frictionless Resource; see `validate_file`."""
    began = time.perf_counter()
    try:
        refusal = refused(resource)
        if refusal is not None:
            return replace(refusal, seconds=elapsed(began))
        refuse_unproven(resource)
        return replace(in_columns(resource, limit_errors, progress, extensions), seconds=elapsed(began))
    except Declined as reason:
        return by_frictionless(resource.to_copy(), limit=limit_errors, reason=str(reason))


def elapsed(began: float) -> float:
    """Seconds since `began`, as frictionless rounds them."""
    return round(time.perf_counter() - began, 3)


def refused(resource: Any) -> Validation | None:
    """The verdict on a resource whose metadata are not valid: its data are not read. None when they are valid."""
    try:
        resource.to_descriptor(validate=True)
    except FrictionlessException as error:
        return unread(resource, error)
    return None


def unread(resource: Any, error: FrictionlessException) -> Validation:
    """The verdict on a source that frictionless refuses or cannot open: there are no rows to check."""
    errors = tuple(error.to_errors())
    return Validation(
        findings=table_of_errors(errors),
        rows=0,
        reason="the source could not be opened",
        head=errors,
        origin=Origin(name=resource.name, type=resource.type, place=resource.place),
        told=Report.from_validation_task(resource, time=0.0, errors=list(errors)),
    )


def in_columns(resource: Any, limit: int, progress: Progress | None, extended: bool) -> Validation:
    """The columnar validation of a local text file. Raises Declined."""
    declared = list(resource.schema.foreign_keys) if resource.schema else []
    if declared:
        resource = resource.to_copy()
        resource.schema.foreign_keys = []
    try:
        resource.open()
    except FrictionlessException as error:
        resource.close()
        return unread(resource, error)
    except Exception as error:  # a pattern that is no regular expression, for one: frictionless fails as it will again
        raise Declined("frictionless fails on opening the source") from error
    with resource:
        try:
            structure = structure_of(
                resource.header, resource.schema, resource.dialect, resource.fragment, declared, extended=extended
            )
        except FrictionlessException as error:
            return unread(resource, error)
        references = references_of(resource, structure, declared)
        run, failure = checked_file(resource, structure, references, limit, progress)
        try:
            return conclude(resource, structure, run, failure, limit)
        finally:
            run.close()


@dataclass(frozen=True, slots=True)
class References:
    """What the foreign keys of a table need: values of other resources, and fields whose texts are all numbered."""

    lookup: LookUp
    whole: frozenset[int]
    own: bool
    """Whether a key refers to the table itself, which must then be read to its end."""


def references_of(resource: Any, structure: Structure, declared: list[Any]) -> References:
    """What the declared foreign keys need.

    frictionless looks up what every declared key refers to, also for a key that it then passes over because a field
    of it is not in the data; it fails there on values that cannot be compared, and so do we.
    """
    keys = [declared_key(key) for key in declared]
    own = [key for key in keys if is_own(resource, key)]
    others = [key for key in keys if not is_own(resource, key)]
    for key in others:
        if resource.package is None or not resource.package.has_resource(key.resource):
            raise Declined("a foreign key refers to a resource that is not at hand")
    names = {name for key in structure.foreign for name in key.fields}
    names.update(name for key in own for name in key.reference)
    whole = frozenset(structure.names.index(name) for name in names if name in structure.names)
    return References(lookups_of(resource, others), whole, bool(own))


def is_own(resource: Any, key: ForeignKey) -> bool:
    """Whether a foreign key refers to the table itself."""
    return not key.resource or key.resource == resource.name


def checked_file(
    resource: Any, structure: Structure, references: References, limit: int, progress: Progress | None
) -> tuple[Run, Any]:
    """Check the rows of an open resource: by Arrow's tokeniser, else by frictionless' own cell stream. The second value
    is the error that ended the stream, if one did."""
    left = max(limit - len(structure.head), 0)
    hurry = bool(limit) and not left

    def fresh() -> Run:
        return Run(make_plan(structure, references.whole), references.lookup, left, hurry)

    control = CsvControl.from_dialect(resource.dialect).to_python()
    path = Path(resource.normpath)
    run = fresh()
    try:
        cut = segments(path, resource.encoding, control, universal=resource.format != "csv", growing=bool(limit))
        run_segments(run, cut, control, size=path.stat().st_size, whole=references.own, progress=progress)
    except NeedsStream:
        run = fresh()
        error = run_stream(run, iter(resource.cell_stream), whole=references.own)
        if error is not None and references.own:
            raise Declined("the source breaks off, and foreign keys refer to it") from None
        return run, error
    return run, None


def conclude(resource: Any, structure: Structure, run: Run, error: Any, limit: int) -> Validation:
    """The validation of a run that has ended."""
    outcome = run.outcome()
    path = Path(resource.normpath)
    tail: list[Any] = []
    if not outcome.stopped:
        tail = [error] if error is not None else []
        tail += end_errors(resource, path, len(resource.schema.fields), outcome.rows)
    head = structure.head[:limit] if outcome.stopped else structure.head
    return Validation(
        findings=joined_tables(table_of_errors(head), outcome.findings, table_of_errors(tail)),
        rows=outcome.rows,
        stopped=outcome.stopped,
        limit=limit,
        warnings=warnings_of(resource, limit if outcome.stopped else 0),
        head=head,
        tail=tuple(tail),
        origin=Origin(
            name=resource.name,
            type=resource.type,
            place=resource.place,
            labels=structure.labels,
            fields=len(resource.schema.fields),
            cells=cells_of_file(resource),
            stats=lambda: file_stats(path),
            foreign=structure.foreign,
            schema_fields=structure.fields,
        ),
    )


def warnings_of(resource: Any, reached: int) -> tuple[str, ...]:
    """frictionless' warnings."""
    found = []
    if resource.hash and resource.hash.partition(":")[0] not in ("md5", "sha256") and ":" in resource.hash:
        found.append("hash is ignored; supported algorithms: md5/sha256")
    if reached:
        found.append(f"reached error limit: {reached}")
    return tuple(found)
