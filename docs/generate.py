"""Fill the reference pages that come from the code: `python docs/generate.py`, or `--check` to find stale ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Made by `python docs/generate.py`; edit the code it is made from. -->\n\n"


def findings_page() -> str:
    """Every finding code with title, meaning and remedy in both languages."""
    from vidkryto.findings import codes

    lines = [
        "# Finding codes",
        "",
        "What the stages can notice. The reports say the same words.",
    ]
    stage = ""
    for code in codes().values():
        if code.stage != stage:
            stage = code.stage
            lines += ["", f"## {stage}"]
        lines += ["", f"### `{code.name}` ({code.severity})", ""]
        for language, words in (("uk", ("Що це", "Що робити")), ("en", ("Meaning", "Remedy"))):
            meaning, remedy = code.meaning[language], code.remedy[language]
            lines.append(f"- **{code.title[language]}.** {words[0]}: {meaning} {words[1]}: {remedy}")
    return "\n".join(lines) + "\n"


def contract_schema() -> str:
    """The JSON Schema of dataset.yaml, for editors."""
    from vidkryto.catalogue import Contract

    return json.dumps(Contract.model_json_schema(by_alias=True), ensure_ascii=False, indent=1) + "\n"


def contract_page() -> str:
    """Every key of the contract files, from the models and their docstrings."""
    from vidkryto.catalogue import City, Contract, Department

    lines = [
        "# The contract",
        "",
        "`datasets/<department>/<dataset>/dataset.yaml` is a Data Package v2 descriptor with one block `publication`.",
        "Editors complete and check it with `docs/reference/contract.schema.json`; `vidkryto check` says on which line",
        "something is wrong. Keys marked * are required.",
    ]
    seen: set[type[BaseModel]] = set()
    for title, model in (("dataset.yaml", Contract), ("department.yaml", Department), ("city.yaml", City)):
        lines += ["", f"## {title}", *_block(model, seen)]
    return "\n".join(lines) + "\n"


def _block(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    from typing import get_args

    if model in seen:
        return
    seen.add(model)
    yield ""
    yield (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    yield ""
    yield "| key | kind | meaning |"
    yield "|---|---|---|"
    inner: list[type[BaseModel]] = []

    def parts(annotation: Any) -> Iterator[Any]:
        yield annotation
        for part in get_args(annotation):
            yield from parts(part)

    for name, info in model.model_fields.items():
        blocks = [part for part in parts(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        inner += blocks
        kind = blocks[0].__name__ if blocks else _kind(info.annotation)
        meaning = (info.description or "").replace("\n", " ").replace("|", "\\|")
        yield f"| `{info.alias or name}`{'*' if info.is_required() else ''} | {kind} | {meaning} |"
    for block in inner:
        if block not in seen:
            yield ""
            yield f"### {block.__name__}"
            yield from _block(block, seen)


def _kind(annotation: Any) -> str:
    text = getattr(annotation, "__name__", str(annotation))
    text = text if annotation in (str, int, bool, float) else str(annotation)
    for noise in ("typing.", "collections.abc.", "vidkryto.catalogue.contract.", "datetime."):
        text = text.replace(noise, "")
    return "`" + (text if len(text) < 70 else text[:67] + "…").replace("|", "\\|") + "`"


def settings_page() -> str:
    """The environment variables, from the docstring of Settings."""
    from vidkryto.settings import Settings

    table = [line.strip() for line in (Settings.__doc__ or "").splitlines() if line.strip().startswith("|")]
    return "\n".join(["# Settings", "", "Read once from the environment by every command.", "", *table]) + "\n"


def commands_page() -> str:
    """Every command with its help."""
    from vidkryto.cli import app

    root = typer.main.get_command(app)
    lines = ["# Commands", "", "Data on stdout, words for people on stderr; `--json` gives data.", ""]
    lines += ["Exit codes: 0 done, 1 withheld, or findings of severity error, 2 failed or wrong use.", ""]
    for path, command in _commands(root, "vidkryto"):
        lines += [
            f"## `{path}`",
            "",
            "```text",
            command.get_help(typer.Context(command, info_name=path, terminal_width=100, max_content_width=100)).strip(),
            "```",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in children:
        yield from _commands(children[name], f"{path} {name}")


PAGES: dict[str, Callable[[], str]] = {
    "findings.md": findings_page,
    "contract.md": contract_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "contract.schema.json": contract_schema,
}


def stale_pages() -> list[str]:
    """The names of pages that differ from what the code would make."""
    return [
        name
        for name, text in rendered().items()
        if not (REFERENCE / name).is_file() or (REFERENCE / name).read_text("utf-8") != text
    ]


def rendered() -> dict[str, str]:
    """All pages as they should be."""
    return {name: page() if name.endswith(".json") else NOTE + page() for name, page in PAGES.items()}


def main() -> None:
    """Write the pages, or with --check say which are stale."""
    if "--check" in sys.argv:
        if stale := stale_pages():
            sys.exit(f"stale: {', '.join(stale)}; run python docs/generate.py")
        return
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
