"""The values that stand in the referred fields of other resources, for foreign keys across a package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frictionless import FrictionlessException
from frictionless.formats.csv import CsvControl

from vidkryto.validate.declined import Declined, NeedsStream
from vidkryto.validate.keys import LookUp, stored_tuples
from vidkryto.validate.opening import ForeignKey, refuse_unproven, structure_of
from vidkryto.validate.planning import make_key_plan
from vidkryto.validate.run import Run, run_segments, run_stream
from vidkryto.validate.segments import segments


def lookups_of(resource: Any, keys: Sequence[ForeignKey]) -> LookUp:
    """For each foreign key of `resource` to another one of its package: the tuples of values that it may hold.

    Raises Declined where frictionless itself must read them.
    """
    found: dict[tuple[str, tuple[str, ...]], frozenset[tuple[Any, ...]]] = {}
    for key in keys:
        if (key.resource, key.reference) not in found:
            other = resource.package.get_resource(key.resource).to_copy()
            found[key.resource, key.reference] = tuples_of(other, key.reference)
    return found


def tuples_of(resource: Any, names: Sequence[str]) -> frozenset[tuple[Any, ...]]:
    """The distinct tuples of values in some fields of a resource, those of nothing but None left out."""
    refuse_unproven(resource)
    if resource.schema:
        resource.schema.foreign_keys = []
    try:
        resource.open()
        with resource:
            structure = structure_of(resource.header, resource.schema, resource.dialect, resource.fragment, ())
            positions = frozenset(structure.names.index(name) for name in names if name in structure.names)
            control = CsvControl.from_dialect(resource.dialect).to_python()
            run = Run(make_key_plan(structure, positions), {}, 0)
            path = Path(resource.normpath)
            try:
                cut = segments(path, resource.encoding, control, universal=resource.format != "csv", growing=False)
                run_segments(run, cut, control, size=0, whole=True, progress=None)
            except NeedsStream:
                run = Run(make_key_plan(structure, positions), {}, 0)
                if run_stream(run, iter(resource.cell_stream), whole=True) is not None:
                    raise Declined("the resource that a foreign key refers to breaks off") from None
    except FrictionlessException as error:
        raise Declined("the resource that a foreign key refers to cannot be read") from error
    tuples = stored_tuples(run.plan, run.key_table(), names)[0]
    return frozenset(tuples) - {tuple([None] * len(names))}
