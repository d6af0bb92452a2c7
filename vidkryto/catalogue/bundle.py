"""The rules of a run in one piece: contract, schemas and all that was applied, kept in the archive with the exports."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from vidkryto.catalogue.load import Dataset, reference_tables
from vidkryto.errors import StateError

KINDS = (".yaml", ".yml", ".json", ".sql", ".py")


def rules_bundle(dataset: Dataset) -> bytes:
    """Every file that shaped a run, by its path in the repository, as one canonical JSON document.

    The same files give the same bytes, so that unchanged rules are kept once however often they are used.
    """
    root = dataset.folder.resolve().parents[2]
    files = [file for file in dataset.folder.resolve().iterdir() if file.is_file() and file.suffix in KINDS]
    files += reference_tables(dataset.folder.resolve())
    files += [root / "datasets" / "city.yaml", dataset.folder.resolve().parent / "department.yaml"]
    named = (resource.schema_ for resource in dataset.contract.resources)
    files += [(dataset.folder / schema).resolve() for schema in named if isinstance(schema, str)]
    texts = {
        file.relative_to(root).as_posix(): file.read_bytes().decode("utf-8")
        for file in files
        if file.is_file() and file.is_relative_to(root)
    }
    return json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unpack_rules(bundle: bytes, root: Path) -> None:
    """Lay the files of a bundle out below `root` as they lay in the repository.

    Raises StateError for a path that would leave `root`.
    """
    for name, text in json.loads(bundle).items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise StateError(
                "the kept rules of the run name a file outside of their folder",
                remedy="Run `vidkryto audit verify`: it says whether the archive was changed.",
            )
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
