"""Members of ZIP archives: chosen by name, names put right, bombs refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidkryto.errors import ExportMissing, SourceError
from vidkryto.pull.unpack import member_names

Puller = Callable[..., Any]


def _zip(tmp_path: Path, members: dict[str, bytes]) -> None:
    (tmp_path / "exports").mkdir(exist_ok=True)
    with zipfile.ZipFile(tmp_path / "exports" / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _legacy(name: str, code_page: str) -> list[str]:
    """The name as Python shows it when an archive wrote it in a code page and did not say so."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x" * len(name.encode(code_page)), b"")
    content = stream.getvalue().replace(b"x" * len(name.encode(code_page)), name.encode(code_page))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return member_names(archive.infolist(), "auto")


@pytest.mark.parametrize(
    ("name", "code_page"),
    [
        ("Зупинки/зупинки міста.csv", "windows-1251"),
        ("ЗВIТ/звiт за сiчень.xlsx", "cp866"),
        ("Gartenstraße_Größe.xlsx", "cp437"),
        ("Зупинки.csv", "utf-8"),
    ],
)
def test_a_member_name_in_a_code_page_is_put_right(name: str, code_page: str) -> None:
    """Ukrainian names of CP866 and windows-1251, German ones of CP437."""
    assert _legacy(name, code_page) == [name]


def test_the_chosen_members_become_snapshots(tmp_path: Path, puller: Puller) -> None:
    """Two of three; the origin names archive and member, and the archive itself is kept too."""
    _zip(tmp_path, {"2024/a.csv": b"a", "2024/b.csv": b"b", "readme.txt": b"r"})
    snapshots = puller({"pattern": "a.zip", "settle": 0, "unpack": {"member": "*.csv"}})
    assert [(item.file, item.origin) for item in snapshots] == [
        ("a.csv", "folder:a.zip!2024/a.csv"),
        ("b.csv", "folder:a.zip!2024/b.csv"),
    ]
    assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 3


def test_no_member_of_that_name_is_a_missing_export(tmp_path: Path, puller: Puller) -> None:
    """The archive came, the table is not in it."""
    _zip(tmp_path, {"a.txt": b"a"})
    with pytest.raises(ExportMissing):
        puller({"pattern": "a.zip", "settle": 0, "unpack": {"member": "*.csv"}})


def test_a_name_that_climbs_out_of_the_folder_is_only_a_name(tmp_path: Path, puller: Puller) -> None:
    """../../etc/passwd is read as etc/passwd and written nowhere but into the archive."""
    _zip(tmp_path, {"../../etc/passwd.csv": b"x"})
    (snapshot,) = puller({"pattern": "a.zip", "settle": 0, "unpack": {"member": "*.csv"}})
    assert snapshot.file == "passwd.csv"
    assert snapshot.origin.endswith("!etc/passwd.csv")


@pytest.mark.parametrize(
    ("members", "limits", "word"),
    [
        ({"a.csv": b"\0" * 50_000_000}, {}, "unpacks beyond measure"),
        ({"a.csv": bytes(range(256)) * 12_000}, {"max_megabytes": 1}, "unpacks beyond measure"),
        ({f"{number}.csv": b"" for number in range(20)}, {"max_members": 10}, "20 members"),
        ({"1/2/3/4/a.csv": b""}, {"max_depth": 3}, "4 folders deep"),
    ],
)
def test_an_archive_beyond_a_limit_is_refused(
    members: dict[str, bytes], limits: dict[str, Any], word: str, tmp_path: Path, puller: Puller
) -> None:
    """Ratio, size, count and depth."""
    _zip(tmp_path, members)
    with pytest.raises(SourceError, match=word):
        puller({"pattern": "a.zip", "settle": 0, "unpack": limits})


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path, puller: Puller) -> None:
    """One clear error."""
    _zip(tmp_path, {"a.csv": b"abc" * 1000})
    file = tmp_path / "exports" / "a.zip"
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        puller({"pattern": "a.zip", "settle": 0, "unpack": {}})
