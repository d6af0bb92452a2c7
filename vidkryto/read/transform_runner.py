"""The process in which a dataset's transform.py runs: no network, no other program, no file written but the result."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import struct
import sys
from contextlib import suppress
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
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_REFUSE, _ALLOW = 0x00050001, 0x7FFF0000  # the call answers EPERM; the call is let through
_CALLS = {
    # the kernel's name of the architecture; then socket, connect, socketpair, execve, execveat, ptrace, io_uring_setup,
    # process_vm_readv, process_vm_writev, kill, pidfd_open (io_uring could open a socket without a call of its own)
    "x86_64": (0xC000003E, (41, 42, 53, 59, 322, 101, 425, 310, 311, 62, 434)),
    "aarch64": (0xC00000B7, (198, 203, 199, 221, 281, 117, 425, 270, 271, 129, 434)),
}
_SECONDS, _BYTES = 900, 8 << 30


def isolate() -> list[str]:
    """Take from this process, for good, what a transformation does not need; the names of what the system allowed.

    To be called first of all: a user namespace wants a single thread, and later threads inherit the filter.
    """
    done = []
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        if _without_network(library):
            done.append("network-namespace")
        if _without_calls(library):
            done.append("seccomp")
    if _within_limits():
        done.append("limits")
    return [*done, "guard"]


def _without_network(library: Any) -> bool:
    """A network namespace of its own: with the right to make one at once, else inside a user namespace."""
    if library.unshare(_NEW_NETWORK) == 0:
        return True
    child = os.fork()  # tried in a child first: half a user namespace could write no file
    if child == 0:
        os._exit(0 if _inside_user_namespace(library) else 1)
    return os.waitpid(child, 0)[1] == 0 and _inside_user_namespace(library)


def _inside_user_namespace(library: Any) -> bool:
    user, group = os.geteuid(), os.getegid()
    if library.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError:
        return False
    return True


def _without_calls(library: Any) -> bool:
    """A filter of the kernel that refuses sockets, programs and other processes; it needs no right."""
    if platform.machine() not in _CALLS:
        return False
    architecture, calls = _CALLS[platform.machine()]
    checks = [(0x35, 0x40000000, len(calls) + 1, 0)]  # numbers above are another way to make the same calls
    checks += [(0x15, call, len(calls) - place, 0) for place, call in enumerate(calls)]
    lines = [
        (0x20, 4, 0, 0),  # load the architecture
        (0x15, architecture, 1, 0),
        (0x06, _REFUSE, 0, 0),
        (0x20, 0, 0, 0),  # load the number of the call
        *checks,
        (0x06, _ALLOW, 0, 0),
        (0x06, _REFUSE, 0, 0),
    ]
    code = b"".join(struct.pack("=HBBI", operation, yes, no, value) for operation, value, yes, no in lines)
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(held)))
    return bool(
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
        and library.prctl(_SECCOMP, _FILTER, ctypes.c_void_p(ctypes.addressof(program)), 0, 0) == 0
    )


def _within_limits() -> bool:
    try:
        import resource
    except ImportError:  # Windows
        return False
    wanted = ((resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, _BYTES))
    for kind, value in wanted:
        hard = resource.getrlimit(kind)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (least, least))
    return resource.getrlimit(resource.RLIMIT_DATA)[0] == _BYTES


def main(script: Path, folder: Path) -> None:
    """Give `transform(tables)` of the script the tables of the folder, and write what it returns."""
    (folder / "isolation").write_text(" ".join(isolate()), encoding="ascii")
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
