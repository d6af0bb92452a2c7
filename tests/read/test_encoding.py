"""The encoding of a text is told with evidence or not at all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from vidkryto.errors import ReadError
from vidkryto.findings import Place
from vidkryto.read.encoding import MARGIN, decide, odd_lines, require

ROOT = Path(__file__).parents[2]
TEXT = (
    "Назва зупинки;Вулиця;Район\nЦентральний ринок;вул. Зарічанська;Північний\nПлоща Перемоги;вул. Свободи;Центр\n" * 3
)


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("encodings", ROOT / "benchmarks" / "encodings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-u", "cp1125", "mac-cyrillic", "iso-8859-5"])
def test_a_ukrainian_text_is_told_in_each_one_byte_encoding(encoding: str) -> None:
    """Three hundred letters are enough, and the margin is more than twice the one that is demanded."""
    codec = {"mac-cyrillic": "mac_cyrillic"}.get(encoding, encoding)
    verdict = decide(TEXT.encode(codec))
    assert (verdict.encoding, verdict.how) == (encoding, "letters")
    assert verdict.margin > 2 * MARGIN


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_told_by_its_mark_or_its_shape(codec: str) -> None:
    """A mark decides; without one strict UTF-8 and the shape of UTF-16 do."""
    content = TEXT.encode(codec)
    assert content.decode(decide(content).encoding) == TEXT


def test_too_few_letters_leave_the_encoding_undecided_and_show_what_it_could_be() -> None:
    """One word proves nothing: the error lists the candidates, each with a line as it would read."""
    verdict = decide("a,b\n1,Рів\n".encode("cp1251"))
    assert verdict.encoding == ""
    with pytest.raises(ReadError) as caught:
        require(verdict, Place("stops", "stops.csv"))
    (finding,) = caught.value.findings
    assert finding.code == "encoding-undecided"
    assert "windows-1251: «1,Рів»" in finding.message("uk")


def test_lines_in_another_encoding_are_found_in_a_utf8_file() -> None:
    """The rest stays UTF-8; the two foreign lines are named."""
    lines = [f"{number};Вулиця Героїв;{number}".encode() for number in range(1, 21)]
    lines[6] = lines[12] = "7;Вулиця Прибузька, Хмельницький;7".encode("cp1251")
    verdict = decide(b"\n".join(lines))
    assert verdict.encoding == "utf-8"
    assert verdict.odd_lines == (7, 13)
    assert verdict.odd_encoding == "windows-1251"


def test_lines_in_another_encoding_are_found_in_a_one_byte_file() -> None:
    """CP866 in the middle of windows-1251, as when two programs write into one file."""
    lines = [f"{number};Вулиця Героїв Маріуполя;{number}".encode("cp1251") for number in range(1, 40)]
    lines[9] = "10;Вулиця Прибузька, село Шаровечка;7".encode("cp866")
    content = b"\n".join(lines)
    assert decide(content).encoding == "windows-1251"
    assert odd_lines(content, "windows-1251") == ((10,), "cp866")


def test_a_pure_ascii_file_is_utf8() -> None:
    """There is nothing to decide."""
    assert decide(b"a,b\n1,2\n").how == "ascii"


def test_a_file_cut_in_the_middle_of_a_character_is_still_utf8() -> None:
    """The cut is told, the rest is read."""
    verdict = decide(TEXT.encode()[: TEXT.encode().index("Центр".encode()) + 3])
    assert verdict.encoding == "utf-8"
    assert verdict.truncated


def test_no_real_text_in_any_encoding_is_told_wrong() -> None:
    """Eighteen real texts in six Cyrillic and three Unicode encodings, 200 bytes to 200 kB: right or undecided."""
    exports = ROOT.parent / "shared" / "exports"
    if not exports.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    table = _benchmark().measure(exports, many=1)
    wrong = {place: found["WRONG"] for place, found in table.items() if found["WRONG"]}
    right, undecided = (sum(found[kind] for found in table.values()) for kind in ("right", "undecided"))
    assert wrong == {}
    assert right > 600
    assert undecided < 0.06 * right
