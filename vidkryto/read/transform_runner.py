"""The process in which a dataset's transform.py runs: no network, no other program, no file written but the result."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "ctypes.",
    "urllib.",
    "ftplib.",
)


def main(script: Path, folder: Path) -> None:
    """Give `transform(tables)` of the script the tables of the folder, and write what it returns."""
    import pandas as pd
    import pyarrow as pa

    def frame(path: Path) -> pd.DataFrame:
        with pa.memory_map(str(path)) as source:
            read = pa.ipc.open_file(source).read_all()
            return pd.DataFrame(read.to_pandas(types_mapper={pa.string(): pd.StringDtype()}.get))

    tables = {path.stem: frame(path) for path in sorted(folder.glob("*.arrow"))}
    spec = importlib.util.spec_from_file_location("transform", script)
    if spec is None or spec.loader is None:
        raise ImportError("the script cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    result = folder / "result"
    sys.addaudithook(_guard(result))
    spec.loader.exec_module(module)
    made = pa.Table.from_pandas(module.transform(tables), preserve_index=False)
    with pa.ipc.new_file(str(result), made.schema) as sink:
        sink.write_table(made)


def _guard(result: Path) -> Any:
    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"a transformation may not use {event}")
        if event == "open" and _writes(arguments) and str(arguments[0]) != str(result):
            raise PermissionError("a transformation may not write files")

    return guard


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode = arguments[1]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(arguments[2] & 0x3) if isinstance(arguments[2], int) else False


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(Path(sys.argv[1]), Path(sys.argv[2]))
