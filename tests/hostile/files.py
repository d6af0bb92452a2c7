"""Hostile files, each as small as its trick allows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping

from tests.fuzz.corpus import corpus, zipped

LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE r [<!ENTITY c SYSTEM "file:///etc/hostname">]>'


def with_doctype(xml: bytes, doctype: str) -> bytes:
    """The document with a doctype, and its first text replaced by an entity of it."""
    head, mark, rest = xml.partition(b"?>")
    body = rest if mark else xml
    word = "Ринок".encode() if "Ринок".encode() in body else "Ринок".encode("ascii", "xmlcharrefreplace")
    told = body.replace(word, b"&c;", 1)
    assert told != body, "the entity has to stand somewhere"
    return (head + mark if mark else b"") + doctype.encode() + told


def workbook(kind: str, doctype: str) -> bytes:
    """An XLSX or ODS whose cells come from an entity."""
    (seed,) = corpus()[kind]
    part = "xl/worksheets/sheet1.xml" if kind == "xlsx" else "content.xml"
    return changed(seed.content, {part: lambda xml: with_doctype(xml, doctype)})


def changed(content: bytes, changes: Mapping[str, Callable[[bytes], bytes]]) -> bytes:
    """An archive with some members changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        members[name] = change(members[name])
    return zipped(members)


def nested(depth: int) -> bytes:
    """A ZIP in a ZIP in a ZIP …, innermost a table of 10 MB of the same line."""
    content = zipped({"a.csv": b"uid,label\n" + b"1,x\n" * 2_500_000})
    for _ in range(depth):
        content = zipped({"a.zip": content})
    return content


def symlink(name: str, target: str) -> bytes:
    """A ZIP whose member is a symbolic link, as unix tools write it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, target)
    return stream.getvalue()
