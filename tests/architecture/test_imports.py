"""The import graph is the data flow, and foreign libraries stay behind their walls."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GROUND = ("clock", "language", "errors", "logs", "findings", "settings", "archive")
STAGES = (
    "catalogue",
    "pull",
    "read",
    "validate",
    "quality",
    "disclosure",
    "release",
    "plan",
    "publish",
    "record",
    "report",
)
TOP = ("outcome", "pipeline", "alerts", "observe", "keeping", "demo", "cli")

WALLS = {
    "prefect": {"flows"},
    "great_expectations": {"vidkryto/quality"},
    "ckanapi": {"vidkryto/publish/portal"},
    "requests": {"vidkryto/pull", "vidkryto/publish/portal", "vidkryto/alerts"},
    "icalendar": {"vidkryto/pipeline"},
    "prometheus_client": {"vidkryto/observe"},
    "prefect_dask": {"flows"},
    "distributed": {"flows"},
    "holidays": {"vidkryto/catalogue"},
    "shapely": {"vidkryto/disclosure"},
    "frictionless": {"vidkryto/read", "vidkryto/validate"},
}


def modules() -> list[Path]:
    """Every Python file of the library and the flows."""
    return sorted([*(ROOT / "vidkryto").rglob("*.py"), *(ROOT / "flows").rglob("*.py")])


def imported(path: Path) -> set[str]:
    """The dotted names a file imports, wherever in the file it does so."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    """The room of the library a file lies in: the stage, or the name of a single module."""
    parts = path.relative_to(ROOT).parts
    return parts[1].removesuffix(".py") if parts[0] == "vidkryto" else parts[0]


def test_stages_import_only_earlier_stages_and_the_ground_floor() -> None:
    """A stage that imports a later one would turn the flow of data around."""
    order = {name: number for number, name in enumerate((*GROUND, *STAGES, *TOP))}
    backward = []
    for path in modules():
        here = room(path)
        if here not in order:
            continue
        for name in imported(path):
            there = name.split(".")[1] if name.startswith("vidkryto.") else ""
            if there in order and order[there] > order[here] and there not in GROUND:
                backward.append(f"{path.relative_to(ROOT)} imports vidkryto.{there}")
    assert not backward, "\n".join(backward)


@pytest.mark.parametrize("library", sorted(WALLS))
def test_a_foreign_library_stays_behind_its_wall(library: str) -> None:
    """Where a library is known in one room only, it can be changed in one room only."""
    outside = [
        f"{path.relative_to(ROOT)} imports {library}"
        for path in modules()
        if any(name == library or name.startswith(f"{library}.") for name in imported(path))
        and not any(path.relative_to(ROOT).as_posix().startswith(wall) for wall in WALLS[library])
    ]
    assert not outside, "\n".join(outside)


REAL_TIME = {
    "vidkryto/clock.py",
    "vidkryto/publish/lock.py",
    "vidkryto/publish/apply.py",
    "vidkryto/publish/watch.py",
    "vidkryto/cli/lost_runs.py",
}
"""The clock itself, the lock on the portal (shared with other machines) and the runs of Prefect's own server."""


def test_only_the_clock_says_what_time_it_is() -> None:
    """Else a rehearsal of sixty days has two times, and a promise is judged by the wrong one."""
    telling = {path.relative_to(ROOT).as_posix() for path in modules() if "datetime.now(" in path.read_text()}
    assert telling == REAL_TIME


def test_every_module_opens_with_one_sentence() -> None:
    """A reader learns from the first line what a room is for."""
    silent = [
        path.relative_to(ROOT).as_posix() for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, "\n".join(silent)


def test_help_imports_nothing_heavy() -> None:
    """`vidkryto --help` answers at once: prefect alone takes most of a second to import."""
    program = (
        "import sys\n"
        "from vidkryto.cli import main\n"
        "sys.argv = ['vidkryto', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'prefect', 'great_expectations', 'pandas', 'pyarrow', 'frictionless', 'duckdb'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "publish" in done.stdout
