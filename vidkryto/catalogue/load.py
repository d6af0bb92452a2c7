"""Load contracts, departments and the city from `datasets/`, or say on which line what is wrong."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from vidkryto.catalogue.contract import City, Contract, Department, Resource
from vidkryto.catalogue.source import LedgerSource
from vidkryto.catalogue.yaml_lines import Keys, line_of, load
from vidkryto.errors import ContractError

AnyBlock = TypeVar("AnyBlock", bound=BaseModel)


@dataclass(frozen=True)
class Dataset:
    """A contract with all that stands around it."""

    contract: Contract
    folder: Path
    department: Department
    city: City
    schemas: Mapping[str, Mapping[str, Any]]
    """Table Schema by resource name."""
    sha256: str
    """Hash over contract, schemas, expectations, corrections, transformation and reference tables: the rules."""

    @property
    def name(self) -> str:
        """The machine name, equal to the folder's and the portal's."""
        return self.contract.name

    @property
    def key_of(self) -> Mapping[str, tuple[str, ...]]:
        """The key of each table: the contract's for a single table, else the schema's primary key."""
        declared = self.contract.publication.key
        return {name: declared or primary_key(schema) for name, schema in self.schemas.items()}

    @property
    def tells_of_others(self) -> bool:
        """Whether it publishes the ledger, and so comes after the runs that it tells of."""
        return any(isinstance(resource.source, LedgerSource) for resource in self.contract.resources)

    def resource(self, name: str) -> Resource:
        """The resource of that name."""
        return next(resource for resource in self.contract.resources if resource.name == name)


def primary_key(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The primary key of a Table Schema as a tuple, whether it is written as a string or a list."""
    key = schema.get("primaryKey") or ()
    return (key,) if isinstance(key, str) else tuple(key)


def dataset_folders(root: Path) -> tuple[Path, ...]:
    """Every folder below `root` (datasets/) that holds a contract, in order of name."""
    return tuple(sorted((file.parent for file in root.glob("*/*/dataset.yaml")), key=lambda folder: folder.name))


def names_not_loaded(root: Path, datasets: Iterable[Dataset]) -> tuple[str, ...]:
    """The names of the datasets below `root` that `load_all` could not load, which are those of their folders."""
    loaded = {dataset.folder for dataset in datasets}
    return tuple(folder.name for folder in dataset_folders(root) if folder not in loaded)


def load_all(root: Path) -> tuple[tuple[Dataset, ...], tuple[ContractError, ...]]:
    """All datasets that load, and the errors of those that do not: one bad contract stops no other.

    In order of name, but for one that publishes the ledger: it comes last, after what it tells of.
    """
    datasets, errors = [], []
    for folder in dataset_folders(root):
        try:
            datasets.append(load_dataset(folder))
        except ContractError as error:
            errors.append(error)
    return tuple(sorted(datasets, key=lambda dataset: dataset.tells_of_others)), tuple(errors)


def find_dataset(root: Path, name: str) -> Dataset:
    """The dataset of that name. Raises ContractError, with near misses, when there is none."""
    folders = {folder.name: folder for folder in dataset_folders(root)}
    if name not in folders:
        raise ContractError(
            f"there is no dataset {name!r} under {root.name}/{did_you_mean(name, folders)}",
            remedy="`vidkryto list` shows the datasets.",
        )
    return load_dataset(folders[name])


def load_dataset(folder: Path) -> Dataset:
    """Load `folder`/dataset.yaml with its schemas, department and city.

    Raises ContractError that names the file and the line of everything that is wrong.
    """
    file = folder / "dataset.yaml"
    contract = load_block(file, Contract)
    if contract.name != folder.name:
        raise ContractError(
            f"{_shown(file)}: name is {contract.name!r} but the folder is {folder.name!r}",
            remedy="Give both the same name: the name is the dataset's address on the portal for ever.",
        )
    schemas = {resource.name: _schema(file, resource) for resource in contract.resources}
    return Dataset(
        contract=contract,
        folder=folder,
        department=load_block(folder.parent / "department.yaml", Department),
        city=load_block(folder.parent.parent / "city.yaml", City),
        schemas=schemas,
        sha256=_rules_hash(folder, schemas),
    )


def load_block(file: Path, block: type[AnyBlock]) -> AnyBlock:
    """One YAML file as a model; ContractError lists every problem with its line."""
    try:
        document, lines = load(file)
    except FileNotFoundError:
        raise ContractError(
            f"{_shown(file)} is missing",
            remedy=f"Create it; `{block.__name__}` in docs/reference/contract.md shows what belongs into it.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(
            f"{_shown(file)} is not YAML: {error}", remedy="Check indentation and quotes near that line."
        ) from None
    try:
        return block.model_validate(document)
    except ValidationError as error:
        problems = [f"  {_shown(file)}:{line_of(keys, lines)}: {text}" for keys, text in _problems(error, block)]
        raise ContractError(
            f"{_shown(file)} has {len(problems)} problem(s):\n" + "\n".join(problems),
            remedy="Mend the lines named above; docs/reference/contract.md lists every key.",
        ) from None


def _problems(error: ValidationError, block: type[BaseModel]) -> Iterable[tuple[Keys, str]]:
    for problem in error.errors(include_url=False, include_input=False):
        keys = tuple(problem["loc"])
        shown = ".".join(str(key) for key in keys)
        if problem["type"] == "extra_forbidden":
            known = _known_keys(block, keys[:-1])
            yield keys, f"unknown key `{shown}`{did_you_mean(str(keys[-1]), known)}"
        else:
            yield keys, f"`{shown or block.__name__}`: {problem['msg'].removeprefix('Value error, ')}"


def _known_keys(block: Any, keys: Keys) -> tuple[str, ...]:
    """The keys a block accepts at `keys`, followed through the annotations of the models."""
    for key in keys:
        if isinstance(key, int):
            continue
        field = next((f for n, f in _fields(block) if key in (n, f.alias)), None)
        block = field.annotation if field else block
        block = next((part for part in _parts(block) if isinstance(part, type) and issubclass(part, BaseModel)), block)
    return tuple(field.alias or name for name, field in _fields(block))


def _fields(block: Any) -> list[tuple[str, Any]]:
    return list(block.model_fields.items()) if isinstance(block, type) and issubclass(block, BaseModel) else []


def _parts(annotation: Any) -> Iterable[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` when a known word is near, else nothing."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def _schema(file: Path, resource: Resource) -> Mapping[str, Any]:
    if not isinstance(resource.schema_, str):
        return resource.schema_
    path = (file.parent / resource.schema_).resolve()
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(
            f"{_shown(file)}: the schema {resource.schema_} of {resource.name} cannot be read: {error.strerror}",
            remedy="The path is relative to dataset.yaml; schemas lie in schemas/.",
        ) from None
    except ValueError as error:
        raise ContractError(f"{resource.schema_} is not JSON: {error}", remedy="Mend the schema file.") from None
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list) or not schema["fields"]:
        raise ContractError(
            f"{resource.schema_} is not a Table Schema: it lists no fields", remedy="See schemas/README.md."
        )
    return schema


def _rules_hash(folder: Path, schemas: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    single = ("dataset.yaml", "expectations.yaml", "corrections.yaml", "transform.sql", "transform.py")
    several = sorted(path.name for suffix in ("sql", "py") for path in folder.glob(f"transform.*.{suffix}"))
    for name in (*single, *several):
        path = folder / name
        if path.is_file():
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    for path in reference_tables(folder):
        digest.update(f"references/{path.name}".encode() + b"\0" + _utf8(path) + b"\0")
    digest.update(json.dumps(schemas, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()


def reference_tables(folder: Path) -> tuple[Path, ...]:
    """The tables that the transformations of the dataset in `folder` may join: `references/*.csv`, in order of name."""
    return tuple(sorted((folder / "references").glob("*.csv")))


def _utf8(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise ContractError(
            f"{_shown(path)} is not in UTF-8", remedy="Save it again as CSV in UTF-8: a reference table is no export."
        ) from None
    return content


def _shown(file: Path) -> str:
    """The path from datasets/ on: what the officer knows, not where the machine keeps it."""
    return "/".join(file.parts[-3:]) if file.name != "city.yaml" else "datasets/city.yaml"
