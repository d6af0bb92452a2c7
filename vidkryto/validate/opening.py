"""Opens a source with frictionless: encoding, dialect, labels, header errors and expected fields are its own answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frictionless import Dialect, Field
from frictionless.errors import SourceError
from frictionless.resources import TableResource

from vidkryto.validate.declined import Declined
from vidkryto.validate.extensions import unique_keys

Cells = list[str]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key that frictionless will check: fields here, and fields of the resource referred to."""

    resource: str
    fields: tuple[str, ...]
    reference: tuple[str, ...]

    def note(self, values: tuple[Any, ...]) -> str:
        """frictionless' words for values that the resource referred to lacks."""
        return 'for "{}": values "{}" not found in the lookup table "{}" as "{}"'.format(
            ", ".join(self.fields), ", ".join(str(value) for value in values), self.resource, ", ".join(self.reference)
        )


@dataclass(frozen=True, slots=True)
class Structure:
    """What is known of a table before its rows are read."""

    labels: tuple[str, ...]
    fields: tuple[Field, ...]
    """The expected fields in the order of the data."""
    head: tuple[Any, ...]
    """Errors of the source and its header, as frictionless objects."""
    dialect: Dialect
    width: int
    """The commonest number of cells in the rows of the sample."""
    sample: tuple[Cells, ...]
    unique: tuple[int, ...]
    """Positions of fields that must be unique."""
    primary: tuple[int, ...]
    """Positions of the fields of the primary key, in the order in which frictionless reads them."""
    foreign: tuple[ForeignKey, ...]
    unique_keys: tuple[tuple[int, ...], ...] = ()
    """Positions of the fields of each unique key, an extension."""
    extended: bool = False
    """Whether extensions are checked."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the expected fields."""
        return tuple(field.name for field in self.fields)


def structure_of(
    header: Any, schema: Any, dialect: Dialect, sample: list[Cells], foreign: Any, *, extended: bool = False
) -> Structure:
    """The structure of a table from its header, schema and dialect.

    Raises Declined when the fields cannot be told apart by name, and FrictionlessException when the header is
    ambiguous under `fieldsMatch`.
    """
    fields = tuple(header.get_expected_fields())
    names = [field.name for field in fields]
    if not fields or len(set(names)) != len(names):
        raise Declined("the table has no fields, or two of the same name")
    widths = Counter(len(cells) for cells in sample)
    width = widths.most_common(1)[0][0] if widths else 0
    empty = [] if header.labels or sample else [SourceError(note="the source is empty")]
    return Structure(
        labels=tuple(header.labels),
        fields=fields,
        head=(*empty, *header.errors),
        dialect=dialect,
        width=width or len(fields),
        sample=tuple(sample),
        unique=tuple(position for position, field in enumerate(fields) if field.constraints.get("unique")),
        primary=primary_key(schema, names, dialect.header_case),
        foreign=foreign_keys(foreign, names),
        unique_keys=unique_keys(schema, names) if extended else (),
        extended=extended,
    )


def primary_key(schema: Any, names: list[str], header_case: bool) -> tuple[int, ...]:
    """Positions of the primary key's fields; empty when a field of it is not expected in the data."""
    wanted = list(schema.primary_key)
    if not wanted or not set(wanted) <= set(names):
        return ()
    if not header_case:
        lowered = [name.lower() for name in wanted]
        wanted = [name for name in names if name.lower() in lowered]
    return tuple(names.index(name) for name in wanted)


def foreign_keys(descriptors: Any, names: list[str]) -> tuple[ForeignKey, ...]:
    """The foreign keys whose fields are all expected in the data; frictionless passes over the others."""
    keys = (declared_key(key) for key in descriptors)
    return tuple(key for key in keys if set(key.fields) <= set(names))


def declared_key(descriptor: Any) -> ForeignKey:
    """A foreign key as a schema declares it."""
    reference = descriptor["reference"]
    return ForeignKey(reference["resource"], tuple(descriptor["fields"]), tuple(reference["fields"]))


def refuse_unproven(resource: Any) -> None:
    """Raise Declined for sources outside the proven ground: anything but one plain local delimited text file."""
    if not isinstance(resource, TableResource):
        raise Declined("the resource is not a table")
    if resource.path is None or resource.memory:
        raise Declined("the data stand in the descriptor")
    if resource.remote or resource.multipart or resource.compression:
        raise Declined("the source is remote, compressed or in several parts")
    if resource.scheme not in ("", "file", None) or resource.normpath is None:
        raise Declined(f"the scheme {resource.scheme} is not a local file")
    if resource.format not in ("csv", "tsv"):
        raise Declined(f"the format {resource.format} is not delimited text")
    if not Path(resource.normpath).is_file():
        raise Declined("the file does not exist")
