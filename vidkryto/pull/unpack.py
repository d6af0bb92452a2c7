"""Members of a ZIP archive, within limits; their names are put right when the archive wrote them in a code page."""

from __future__ import annotations

import fnmatch
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from vidkryto.catalogue.source import Unpack
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Fetched, missing
from vidkryto.pull.limits import CHUNK, ZIP_DEFECTS, write_limited

_UTF8 = 0x800
_ENCRYPTED = 0x1
_SMALL = 1 << 20
"""A member below this size may pack as well as it likes."""


def members(item: Fetched, unpack: Unpack, work: Path, resource: str) -> list[Fetched]:
    """The members that match, each as a file of its own.

    Raises ExportMissing when none matches, SourceError when the archive is damaged, encrypted or beyond a limit. What
    the archive says of its sizes is not believed: the bytes are counted as they come.
    """
    try:
        with zipfile.ZipFile(item.path) as archive:
            return _chosen(archive, item, unpack, work, resource)
    except (*ZIP_DEFECTS, RuntimeError) as error:
        raise SourceError(
            f"{item.file} cannot be unpacked: {type(error).__name__}",
            remedy="The archive was cut off or damaged on its way; export it again.",
        ) from error


def _chosen(archive: zipfile.ZipFile, item: Fetched, unpack: Unpack, work: Path, resource: str) -> list[Fetched]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > unpack.max_members:
        raise _beyond(item, f"{len(entries)} members", "max_members")
    names = member_names(entries, unpack.names)
    chosen = [
        (name, entry)
        for name, entry in zip(names, entries, strict=True)
        if fnmatch.fnmatchcase(name.casefold(), unpack.member.casefold())
        or fnmatch.fnmatchcase(name.rsplit("/", 1)[-1].casefold(), unpack.member.casefold())
    ]
    if not chosen:
        raise missing(resource, f"{item.file}: {unpack.member}")
    left = unpack.max_megabytes * (1 << 20)
    found = []
    for number, (name, entry) in enumerate(sorted(chosen, key=lambda pair: pair[0])):
        if name.count("/") > unpack.max_depth:
            raise _beyond(item, f"a member {name.count('/')} folders deep", "max_depth")
        if entry.flag_bits & _ENCRYPTED:
            raise SourceError(f"{item.file} is encrypted", remedy="Ask for an archive without a password.")
        target = work / f"{item.path.name}-{number}"
        left -= _unpacked(archive, entry, target, left, unpack, item)
        found.append(Fetched(name.rsplit("/", 1)[-1], target, f"{item.origin}!{name}", modified=item.modified))
    return found


def _unpacked(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: float, unpack: Unpack, item: Fetched
) -> int:
    """Write one member and return its size."""
    limit = left
    if entry.compress_size * unpack.max_ratio > _SMALL:
        limit = min(limit, entry.compress_size * unpack.max_ratio)
    else:
        limit = min(limit, _SMALL)
    try:
        with archive.open(entry) as stream:
            pieces: Iterator[bytes] = iter(lambda: stream.read(CHUNK), b"")
            return write_limited(pieces, target, limit / (1 << 20), item.file)
    except SourceError:
        why = "max_megabytes" if limit == left else "max_ratio"
        raise _beyond(item, "a member that unpacks beyond measure", why) from None


def _beyond(item: Fetched, what: str, limit: str) -> SourceError:
    return SourceError(
        f"{item.file} holds {what}",
        remedy=f"Ask how the archive was made; if it is right, raise {limit} in the block unpack.",
    )


def member_names(entries: Sequence[zipfile.ZipInfo], wanted: str) -> list[str]:
    """Names with their letters put right, without leading slashes and dots.

    An archive that does not say UTF-8 wrote the bytes of the code page of the machine it was made on: CP866 or
    windows-1251 for Ukrainian, a western one else. Python reads them as CP437, which loses nothing.
    """
    legacy = [entry.filename.encode("cp437") for entry in entries if not entry.flag_bits & _UTF8 and _is_437(entry)]
    code_page = wanted if wanted != "auto" else _code_page(b"\n".join(legacy))
    names = []
    for entry in entries:
        name = entry.filename
        if not entry.flag_bits & _UTF8 and _is_437(entry):
            name = entry.filename.encode("cp437").decode(code_page, "replace")
        names.append("/".join(part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")))
    return names


def _is_437(entry: zipfile.ZipInfo) -> bool:
    try:
        entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return False
    return True


def _code_page(names: bytes) -> str:
    """The code page in which all names are words of Ukrainian letters, or of Latin ones."""
    if names.isascii():
        return "cp437"
    try:
        names.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    for code_page in ("cp866", "windows-1251"):
        text = names.decode(code_page, "replace")
        high = {letter for letter in text if not letter.isascii()}
        mixed = re.search(r"[A-Za-z][^\W\d_a-zA-Z]|[^\W\d_a-zA-Z][A-Za-z]", text.replace("i", "").replace("I", ""))
        if not mixed and all("А" <= letter <= "я" or letter in "ҐґЄєІіЇїЁё№’" for letter in high):
            return code_page
    return "cp437"
