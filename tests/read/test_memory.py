"""Memory of reading: a text file costs a few times its table, in whatever encoding; measured in its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vidkryto.read import pieces
from vidkryto.read.foreign import odd_lines
from vidkryto.read.pieces import Stream, count, kept, lines, load, whole_lines

LINE = "{0};вулиця Проскурівська;{1};звернення мешканців щодо ремонту двору та прибудинкової території\r\n"
PROGRAM = """
import resource, sys
from pathlib import Path
from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Place
from vidkryto.read.delimited import read_delimited
file = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
grid = read_delimited(file, Reading(), Place("x", file.name))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(grid.encoding, len(grid.rows), (peak - before) * 1024 / file.stat().st_size)
"""


@pytest.mark.parametrize(("name", "most"), [("windows-1251", 8.0), ("utf-8", 5.0)])
def test_a_large_text_costs_a_few_times_its_size(name: str, most: float, tmp_path: Path) -> None:
    """Of 80 MB: pages of the mapped file, of its text in UTF-8, the table, and one column twice; nothing else."""
    file = tmp_path / "large.csv"
    piece = "".join(LINE.format(number, number % 90) for number in range(10_000)).encode(name)
    with file.open("wb") as stream:
        stream.write("код;вулиця;будинок;примітка\r\n".encode(name))
        for _ in range(80_000_000 // len(piece) + 1):
            stream.write(piece)
    done = subprocess.run([sys.executable, "-c", PROGRAM, file], capture_output=True, text=True, check=True)
    told, rows, times = done.stdout.split()
    assert told == name
    assert int(rows) == 10_000 * (80_000_000 // len(piece) + 1) + 1
    assert float(times) < most


@pytest.mark.parametrize("content", [b"", b"\n", b"a", b"a\nb", b"a\r\n\r\nb\n", b"\n" * 9, b"x" * 40 + b"\ny"])
def test_pieces_of_any_size_are_the_whole(content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Mapped or loaded, in pieces of any size: the same lines, counts and stream."""
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(pieces, "PIECE", size)
        monkeypatch.setattr(pieces, "LARGE", size)
        file = tmp_path / "x"
        file.write_bytes(content)
        mapped = load(file) if content else content
        assert bytes(mapped) == content
        for held in (content, mapped, kept([content[:1], content[1:]], len(content))):
            assert list(lines(held)) == content.split(b"\n")
            assert b"".join(whole_lines(held)) == content
            assert all(piece.endswith(b"\n") for piece in list(whole_lines(held))[:-1])
            assert [count(held, word) for word in (b"\n", b"\r", b"\r\n")] == [
                content.count(word) for word in (b"\n", b"\r", b"\r\n")
            ]
            assert Stream(held, b"tail").read() == content + b"tail"


@pytest.mark.parametrize("size", [1, 5, 64, 1 << 22])
def test_what_is_found_in_a_text_does_not_depend_on_the_pieces(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines in another encoding have the same numbers wherever a piece ends."""
    own = [f"Рядок {number}, вулиця Проскурівська" for number in range(40)]
    content = b"\n".join(line.encode("koi8-u" if number in (7, 31) else "cp1251") for number, line in enumerate(own))
    monkeypatch.setattr(pieces, "PIECE", size)
    assert odd_lines(content, "windows-1251") == ((8, 32), "koi8-u")
