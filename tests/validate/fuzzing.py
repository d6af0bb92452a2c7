"""Whole-file fuzzing against frictionless itself: random, often malformed files, with random schemas and dialects.

Run by hand for large numbers: `python tests/validate/fuzzing.py --files 100000`. The seed is printed; the same seed
makes the same files. Order is compared, and for one file in ten the whole report.
"""

from __future__ import annotations

import argparse
import collections
import copy
import csv
import functools
import gc
import json
import logging
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from frictionless import Field, FrictionlessException, Resource  # noqa: E402  # the path above comes first
from frictionless.resources import TableResource  # noqa: E402  # the path above comes first
from frictionless.vendors import stringcase  # noqa: E402  # the path above comes first

from vidkryto.errors import ContractError  # noqa: E402  # the path above comes first
from vidkryto.validate import run, segments, validate_resource  # noqa: E402  # the path above comes first

CELLS = (
    *("", "1", "2", "-3", "01", "0", "1.5", "1.50", "-0", "0.0", "1e3", "NaN", "1,5", "1 000", "+7", "٣", "1_0", " 4"),
    *("a", "ab c", "é", "їжак", "  x ", "NA", "-", "true", "False", "так", "x@y.org", "X@Y.org", "http://a.b/c"),
    *("2020-01-01", "2020-1-1", "2020-02-29", "2021-02-29", "0000-01-01", "31/12/2020", "1999", "0999", "2020-05"),
    *("10:00:00", "24:00:00", "10:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00"),
    *("P1D", "PT24H", "12,13", "180, 90", "[1]", "[1,]", '{"a":1}', '{"a":1,}', "[1, 2]", "a\nb", "a\r\nb", '"', '""'),
    *("550e8400-e29b-41d4-a716-446655440000", "aGVsbG8=", "999999999999999999", "9999999999999999999", "\x00", "#c"),
    *("h0", "h1"),  # labels of columns are values like any other
)
TYPES: tuple[dict[str, Any], ...] = (
    *({"type": name} for name in ("integer", "number", "string", "any", "boolean", "date", "time", "datetime", "year")),
    *({"type": name} for name in ("integer", "number", "string", "date")),
    *({"type": name} for name in ("yearmonth", "duration", "geopoint", "object", "array", "geojson", "list")),
    *({"type": "string", "format": name} for name in ("email", "uri", "uuid", "binary")),
    *({"type": "date", "format": name} for name in ("any", "%d/%m/%Y", "%Y")),
    {"type": "datetime", "format": "any"},
    {"type": "time", "format": "%H:%M"},
    {"type": "number", "decimalChar": ","},
    {"type": "number", "groupChar": " ", "decimalChar": ","},
    {"type": "number", "bareNumber": False},
    {"type": "integer", "bareNumber": False},
    {"type": "number", "floatNumber": True},
    {"type": "boolean", "trueValues": ["так", "1"], "falseValues": ["ні", "0"]},
    {"type": "list", "itemType": "integer"},
    {"type": "array", "arrayItem": {"type": "integer"}},
    {"type": "geopoint", "format": "array"},
)
PATTERNS = (
    "[a-z]+",
    r"\d+",
    "a|b",
    ".*",
    r"[A-Z]{2}-\d{2}",
    r"\d{4}",
    "[^1]*",
    r"(foo|a)?\w*",
    r"[0-9]{1}",
    r"^\d$|^a$",
)
DIALECTS: tuple[dict[str, Any], ...] = (
    {"skipBlankRows": True},
    {"commentChar": "a"},
    {"commentChar": "#"},
    {"header": False},
    {"headerRows": [1, 2]},
    {"headerRows": [2]},
    {"headerRows": [3], "commentRows": [1]},
    {"commentRows": [3, 9]},
    {"headerCase": False},
    {"csv": {"delimiter": ","}},
    {"csv": {"delimiter": ",", "skipInitialSpace": True}},
    {"csv": {"quoteChar": "'"}},
    {"csv": {"delimiter": ",", "quoteChar": ""}},
    {"csv": {"delimiter": ",", "escapeChar": "\\"}},
    {"csv": {"delimiter": ",", "escapeChar": "\\", "doubleQuote": False}},
    {"csv": {"delimiter": ";"}},
    {"skipBlankRows": True, "commentRows": [4]},
)
BYTES = (b'"', b"\n", b"\r", b"\r\n", b",", b"\x00", b"\xff", b";", b" ", b"'", b"\\", b"\xef\xbb\xbf", b"\t")
FILES_OF_A_DESCRIPTION = 5
V2 = "https://datapackage.org/profiles/2.0/dataresource.json"


@dataclass(frozen=True)
class Sample:
    """One fuzzed file with its descriptor."""

    data: bytes
    descriptor: dict[str, Any]
    limit: int
    segment: int

    def __str__(self) -> str:
        described = json.dumps(self.descriptor, ensure_ascii=False)
        return f"{self.data!r}\n  {described} limit={self.limit} segment={self.segment}"


def make_samples(rng: random.Random) -> Iterator[Sample]:
    """Some random files and a random description of them all."""
    width = rng.randint(1, 4)
    delimiter = rng.choice([",", ",", ",", ";", "\t"])
    encoding = rng.choice(["utf-8"] * 8 + ["cp1251", "utf-16", "latin-1", "utf-8-sig"])
    suffix = "tsv" if delimiter == "\t" and rng.random() < 0.7 else rng.choice(["csv"] * 9 + ["tsv"])
    descriptor: dict[str, Any] = {"name": "t", "path": f"fuzz.{suffix}", "schema": make_schema(rng, width)}
    if rng.random() < 0.35:
        descriptor["dialect"] = copy.deepcopy(rng.choice(DIALECTS))
    if rng.random() < 0.5:
        descriptor["encoding"] = encoding if rng.random() < 0.9 else rng.choice(["utf-8", "cp1251", "ascii", "latin-1"])
    if "fieldsMatch" in descriptor["schema"] or rng.random() < 0.3:
        descriptor["$schema"] = V2
    for _ in range(FILES_OF_A_DESCRIPTION):
        data = make_text(rng, width, delimiter).encode(encoding, "replace")
        if rng.random() < 0.25:
            data = broken(rng, data)
        limit = rng.choice([0, 0, 0, 1, 2, 5, 20])
        yield Sample(data, descriptor, limit, rng.choice([16, 32, 64, 128, 300, 1 << 23]))


def make_text(rng: random.Random, width: int, delimiter: str) -> str:
    """Records with rows of another width, blank rows and quotes of all kinds."""
    newline = rng.choice(["\n", "\n", "\n", "\r\n", "\r\n", "\r"])
    pool = rng.sample(CELLS, rng.randint(2, 9))
    style = rng.choice([0, 1, 1, 1, 2])
    names = [f"h{place}" for place in range(width)]
    if rng.random() < 0.1:
        names[rng.randrange(width)] = rng.choice(["", "h0", "H0", "other", " h1 "])
    lines = [delimiter.join(names)]
    for _ in range(rng.choice([0, 1, 3, 8, 8, 20, 20, 50])):
        chance = rng.random()
        count = max(1, width - 1) if chance < 0.04 else width + rng.randint(1, 2) if chance < 0.08 else width
        row = [rng.choice(pool) for _ in range(count)]
        if chance > 0.97:
            lines.append("")
            continue
        if chance > 0.94:
            row = [""] * width
        lines.append(delimiter.join(quoted(cell, delimiter, style if rng.random() < 0.97 else 0) for cell in row))
    text = newline.join(lines)
    return text + (newline * rng.choice([0, 1, 1, 1, 2]))


def quoted(cell: str, delimiter: str, style: int) -> str:
    """A cell as written: style 0 never quotes, 1 where needed, 2 always."""
    needed = any(mark in cell for mark in (delimiter, '"', "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if style == 2 or (style == 1 and needed) else cell


def broken(rng: random.Random, data: bytes) -> bytes:
    """The bytes with a few taken out or put in."""
    for _ in range(rng.randint(1, 4)):
        place = rng.randint(0, len(data))
        if rng.random() < 0.4:
            data = data[:place] + data[place + rng.randint(1, 3) :]
        else:
            data = data[:place] + rng.choice(BYTES) + data[place:]
    return data


def make_schema(rng: random.Random, width: int) -> dict[str, Any]:
    """A schema of about as many fields, with constraints, keys and matching rules."""
    fields = [make_field(rng, f"h{place}") for place in range(max(1, width + rng.choice([0] * 9 + [-1, 1])))]
    schema: dict[str, Any] = {"fields": fields}
    names = [field["name"] for field in fields]
    if rng.random() < 0.3:
        schema["primaryKey"] = rng.sample(names, min(len(names), rng.randint(1, 2)))
    if rng.random() < 0.3:
        schema["missingValues"] = rng.choice([["", "NA"], ["NA"], [], ["", "0", "1"], ["-", ""]])
    if rng.random() < 0.15:
        own = rng.sample(names, min(len(names), rng.randint(1, 2)))
        other = rng.choices([*names, names[0]], k=len(own))
        schema["foreignKeys"] = [{"fields": own, "reference": {"resource": "", "fields": other}}]
    if rng.random() < 0.12:
        schema["fieldsMatch"] = rng.choice(["exact", "equal", "subset", "superset", "partial"])
        rng.shuffle(fields)
    return schema


def make_field(rng: random.Random, name: str) -> dict[str, Any]:
    """A field of a random type with random constraints."""
    field = {**copy.deepcopy(rng.choice(TYPES)), "name": name}
    rules: dict[str, Any] = {}
    if rng.random() < 0.3:
        rules["required"] = True
    if rng.random() < 0.2:
        rules["unique"] = True
    if rng.random() < 0.35:
        rules |= make_constraint(rng, field["type"], field.get("format", "default"))
    if rng.random() < 0.06:
        field["missingValues"] = rng.choice([["1"], ["a", ""], []])
    return {**field, "constraints": rules} if rules else field


def make_constraint(rng: random.Random, kind: str, form: str) -> dict[str, Any]:
    """One constraint that fits the type."""
    if kind in ("integer", "number"):
        name = rng.choice(["minimum", "maximum"])
        return rng.choice([{name: 1}, {name: "0"}, {"enum": ["1", "2", "-3"]}, {"minimum": 0, "maximum": 2}])
    if kind in ("date", "time", "datetime", "year") and form == "default":
        bound = {"date": "2020-01-01", "time": "10:00:00", "datetime": "2020-01-01T00:00:00", "year": "1999"}[kind]
        return rng.choice([{"minimum": bound}, {"maximum": bound}, {"enum": [bound]}])
    if kind == "string":
        return rng.choice(
            [{"minLength": 2}, {"maxLength": 2}, {"enum": ["a", "1", "їжак"]}, {"pattern": rng.choice(PATTERNS)}]
        )
    if kind in ("object", "array", "list"):
        return {"minLength": 2}
    return {"enum": ["1", "a"]} if kind == "any" else {}


@contextmanager
def segment_size(size: int) -> Iterator[None]:
    """Cut files into segments of this size, so that small files have many."""
    before = segments.SEGMENT, segments.SMALLEST, run.SMALL, run.BATCH, run.TINY
    run.TINY = 0 if size % 3 else run.TINY  # mostly Arrow's tokeniser, which larger files meet
    segments.SEGMENT, segments.SMALLEST = size, min(segments.SMALLEST, size)
    run.SMALL, run.BATCH = min(run.SMALL, size // 2), min(run.BATCH, max(1, size // 16))
    try:
        yield
    finally:
        segments.SEGMENT, segments.SMALLEST, run.SMALL, run.BATCH, run.TINY = before


def make_resource(sample: Sample, folder: Path) -> Any:
    """A fresh resource for a sample; `hasten` puts a cheaper way in its place."""
    return Resource.from_descriptor(copy.deepcopy(sample.descriptor), basepath=str(folder))


def theirs(sample: Sample, folder: Path) -> Any:
    """What frictionless says: its report, or the failure."""
    try:
        resource = make_resource(sample, folder)
        return resource.validate(limit_errors=sample.limit)
    except FrictionlessException:
        return "refused"
    except Exception as error:  # frictionless' own crashes are part of its behaviour
        return f"crash {type(error).__name__}"


def ours(sample: Sample, folder: Path) -> Any:
    """What we say: our validation, or the failure."""
    try:
        resource = make_resource(sample, folder)
        with segment_size(sample.segment):
            return validate_resource(resource, limit_errors=sample.limit, extensions=False)
    except FrictionlessException:
        return "refused"
    except ContractError as error:
        cause = error.__cause__
        return "refused" if isinstance(cause, FrictionlessException) else f"crash {type(cause).__name__}"


def findings(report: Any) -> list[tuple[Any, ...]]:
    """The findings of a report of frictionless."""
    names = ("type", "row_number", "field_number", "field_name", "note")
    return [tuple(getattr(error, name, None) for name in names) for task in report.tasks for error in task.errors]


def table_rows(table: Any) -> list[tuple[Any, ...]]:
    """The findings of our table."""
    names = ("type", "row", "field_number", "field", "note")
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


def difference(sample: Sample, folder: Path, *, whole: bool = False) -> str | None:
    """What differs between the two verdicts on a sample; None for nothing. `whole` compares whole reports."""
    (folder / sample.descriptor["path"]).write_bytes(sample.data)
    told, found = theirs(sample, folder), ours(sample, folder)
    if isinstance(told, str) or isinstance(found, str):
        return None if told == found else f"frictionless: {told if isinstance(told, str) else 'report'}; ours: {found}"
    wanted, got = findings(told), table_rows(found.findings)
    if wanted != got:
        pairs = enumerate(zip(wanted, got, strict=False))
        place = next((number for number, (a, b) in pairs if a != b), min(len(wanted), len(got)))
        return f"at {place} of {len(wanted)}/{len(got)}: {wanted[place : place + 1]}, ours {got[place : place + 1]}"
    if not whole or found.engine == "frictionless":
        return None
    return report_difference(told.to_descriptor(), found.report_descriptor(), stopped=found.stopped)


def report_difference(wanted: dict[str, Any], got: dict[str, Any], *, stopped: bool) -> str | None:
    """What differs between two reports, seconds and the sizes of a source that was not read to its end aside."""
    for report in (wanted, got):
        report["stats"].pop("seconds")
        for task in report["tasks"]:
            for name in ("seconds", *(("md5", "sha256", "bytes") if stopped else ())):
                task["stats"].pop(name, None)
    if wanted == got:
        return None
    left, right = wanted["tasks"][0], got["tasks"][0]
    names = [name for name in {*left, *right} if left.get(name) != right.get(name)]
    pair = [(a, b) for a, b in zip(left["errors"], right["errors"], strict=False) if a != b][:1]
    return f"report: {names} {pair} {left['stats']} {right['stats']}"


def fuzz(seed: int, files: int, *, show: int = 5, every: int = 0) -> collections.Counter[str]:
    """Compare so many files; differences are printed, counts returned."""
    logging.disable(logging.CRITICAL)
    counts: collections.Counter[str] = collections.Counter()
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while counts["files"] < files:
            for sample in make_samples(rng):
                try:
                    problem = difference(sample, Path(name), whole=counts["files"] % 10 == 0)
                except Exception as error:  # a crash of ours is a difference like any other
                    problem = f"crash of ours: {error!r}"
                counts["files"] += 1
                counts["many segments"] += len(sample.data) > 2 * sample.segment
                if problem:
                    counts["different"] += 1
                    if counts["different"] <= show:
                        print(f"seed {seed} file {counts['files']}: {problem}\n  {sample}", flush=True)
            if every and counts["files"] % every == 0:
                gc.collect()
                print(f"seed {seed}: {dict(counts)}", flush=True)
    return counts


def hasten() -> None:
    """Make small files cheap: pure functions of frictionless' metadata are remembered, fields cloned without their
    descriptors, and a description that was found valid once is not judged again for each of its files."""
    stringcase.snakecase = functools.cache(stringcase.snakecase)
    stringcase.camelcase = functools.cache(stringcase.camelcase)
    export = TableResource.to_descriptor
    templates: dict[int, tuple[Any, Any]] = {}

    def twin(thing: Any) -> Any:
        made = copy.copy(thing)
        made.__dict__.update(thing.__dict__)
        made.metadata_assigned = set(thing.metadata_assigned)
        return made

    def cloned(field: Any, **options: Any) -> Any:
        clone = copy.copy(field)
        clone.constraints = copy.deepcopy(field.constraints)
        clone.schema = None
        return clone

    def to_descriptor(resource: Any, *, validate: bool = False, upgrade: bool = False) -> Any:
        trusted = validate and resource.custom.get("known") == "valid"
        return {} if trusted else export(resource, validate=validate, upgrade=upgrade)

    def make(sample: Sample, folder: Path) -> Any:
        if id(sample.descriptor) not in templates:
            templates.clear()
            made = Resource.from_descriptor(copy.deepcopy(sample.descriptor), basepath=str(folder))
            export(made, validate=True)
            templates[id(sample.descriptor)] = (sample.descriptor, made)
        template = templates[id(sample.descriptor)][1]
        fresh = copy.copy(template)
        fresh.__dict__.update(template.__dict__)
        fresh.dialect = twin(template.dialect)
        fresh.dialect.controls = [twin(control) for control in template.dialect.controls]
        fresh.stats = copy.copy(template.stats)
        fresh.metadata_assigned = set(template.metadata_assigned)
        fresh.custom = {**template.custom, "known": "valid"}
        return fresh

    sniff = csv.Sniffer.sniff
    sniffed: dict[str, Any] = {}

    def remembered_sniff(sniffer: csv.Sniffer, text: str, delimiters: Any = None) -> Any:
        key = f"{delimiters!r} {text}"
        if key not in sniffed:
            sniffed.clear()
            try:
                sniffed[key] = sniff(sniffer, text, delimiters)
            except csv.Error as error:
                sniffed[key] = error
        if isinstance(sniffed[key], csv.Error):
            raise sniffed[key]
        return sniffed[key]

    csv.Sniffer.sniff = remembered_sniff
    Field.to_copy = cloned
    TableResource.to_descriptor = to_descriptor
    globals()["make_resource"] = make
    gc.disable()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**9)
    hasten()
    began = time.perf_counter()
    print(f"seed {seed}, {chosen.files} files", flush=True)
    counts = fuzz(seed, chosen.files, every=1000)
    print(f"seed {seed}: {dict(counts)} in {time.perf_counter() - began:.0f} s", flush=True)
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
