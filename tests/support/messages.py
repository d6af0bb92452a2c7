"""The English words of the program, found in its source: what the Ukrainian catalogue has to translate."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import vidkryto

ROOT = Path(vidkryto.__file__).parent


def said_by_commands() -> dict[str, str]:
    """Every text given to `say` and `say_count`, and every head of a table, with the place where it stands."""
    found: dict[str, str] = {}
    for file, tree in _files():
        named = _constants(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            position = {"say": 0, "say_count": 1, "print_table": 0}.get(name)
            if position is not None and len(node.args) > position:
                for text in _words(node.args[position], named):
                    found.setdefault(text, f"{file}:{node.lineno}")
    return found


def _constants(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """What names are given in a file: `words = "…"`, `COLUMNS = ("…", …)`."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _words(part: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(part, ast.Name):
        for value in named.get(part.id, []):
            if not isinstance(value, ast.Name):
                yield from _words(value, named)
    elif isinstance(part, ast.Tuple):
        for item in part.elts:
            yield from _words(item, named)
    elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
        yield part.value


def unsaid() -> list[str]:
    """Places of the command line where English words go to people without `say`."""
    found = []
    for file, tree in _files():
        for node in ast.walk(tree):
            printed = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if file.startswith("cli/") and printed and ast.unparse(node.func) in PRINTING and node.args:
                words = "".join(_templates(node.args[0]))
                if re.search(r"[A-Za-z]{3,}", re.sub(r"\[/?[a-z]*\]|\{\w+\}|/\w+|\S+\.yaml|vidkryto:", "", words)):
                    found.append(f"{file}:{node.lineno}: {words}")
    return found


PRINTING = {"people().print", "console.print", "typer.echo", "typer.confirm"}


def said_by_errors() -> dict[str, str]:
    """Messages and remedies of every error raised on purpose, values as {1}, {2} …, with their places."""
    found = {}
    for place, call in _calls():
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if not name.endswith(("Error", "Missing", "Moved")) or name in BUILT_IN:
            continue
        remedies = [keyword.value for keyword in call.keywords if keyword.arg == "remedy"]
        for part in (*call.args[:1], *remedies):
            for text in _templates(part):
                found.setdefault(text, place)
    return found


BUILT_IN = {"ValueError", "TypeError", "KeyError", "AssertionError", "OSError", "RuntimeError", "NotImplementedError"}


def _files() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(ROOT.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for file, tree in _files():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{file}:{node.lineno}", node


def _templates(part: ast.expr) -> Iterator[str]:
    """A literal as it is; an f-string with its values numbered; both sides of a condition."""
    if isinstance(part, ast.IfExp):
        yield from _templates(part.body)
        yield from _templates(part.orelse)
    elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
        yield part.value.replace("{", "{{").replace("}", "}}")
    elif isinstance(part, ast.JoinedStr):
        number, text = 0, ""
        for piece in part.values:
            if isinstance(piece, ast.Constant):
                text += str(piece.value).replace("{", "{{").replace("}", "}}")
            else:
                number += 1
                text += f"{{{number}}}"
        yield text
