"""The encoding of a text is told with evidence or not at all."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.read.conftest import Reader
from vidkryto.errors import ReadError
from vidkryto.findings import Place
from vidkryto.read.encoding import CYRILLIC, MARGIN, decide, require
from vidkryto.read.foreign import contradicting, odd_lines

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


def _export(rows: dict[int, str], codec: str = "cp1251", encoding: str = "windows-1251") -> bytes:
    """Forty streets in `encoding`; those of the named rows are other texts, in `codec`."""
    lines = [b"id;street;district;note"]
    for number in range(2, 42):
        text, own = (rows[number], codec) if number in rows else ("Вулиця Героїв Маріуполя", encoding)
        district = "Північний мікрорайон міста, ліва сторона"
        lines.append(b";".join((str(number).encode(), text.encode(own), district.encode(encoding), b"1")))
    return b"\r\n".join(lines)


FIELDS = {"id": "integer", "street": "string", "district": "string", "note": "string"}


@pytest.mark.parametrize("declared", [{}, {"encoding": "windows-1251"}, {"encoding": "cp1251"}])
@pytest.mark.parametrize("codec", ["cp1125", "koi8-u", "mac_cyrillic", "iso-8859-5"])
def test_a_cell_in_another_encoding_is_told(codec: str, declared: dict[str, str], reader: Reader) -> None:
    """The rest of its line is in order; the finding names the row, the column and what the cell looks like."""
    table = reader(_export({7: "вулиця Прибузька"}, codec), "a.csv", declared, FIELDS)
    (finding,) = table.findings
    assert (finding.code, finding.count, finding.rows, finding.place.column) == ("encoding-cells", 1, (7,), "street")
    assert finding.wanted is not None
    assert table.columns["street"][5].as_py() == finding.found == "вулиця Прибузька".encode(codec).decode("cp1251")


def test_unusual_cells_of_the_same_encoding_are_no_cells_of_another(reader: Reader) -> None:
    """Abbreviations, Latin letters inside a word, capitals, Russian and Bulgarian words."""
    texts = ("КНП ММР ЦПМСД№4", "Хiмiчнi та мiнеральнi добрива", "УРЗУФСЬКА/С.УРЗУФ", "Опълченец", "объект, ёлка")
    table = reader(_export(dict(enumerate(texts, start=3))), "a.csv", {"encoding": "windows-1251"}, FIELDS)
    assert table.findings == ()


def test_a_declared_encoding_does_not_hide_lines_of_another(reader: Reader) -> None:
    """The line is named, as without the declaration; it is read as declared."""
    content = _export({}) + "\r\n42;Вулиця Прибузька;Північний;село Пирогівці".encode("cp1125")
    table = reader(content, "a.csv", {"encoding": "windows-1251"}, FIELDS)
    (mixed, *_) = table.findings
    assert (mixed.code, mixed.severity, mixed.rows, mixed.details["other"]) == (
        "encoding-mixed", "error", (42,), "cp1125"
    )  # fmt: skip
    assert table.columns.num_rows == 41


def test_a_file_in_another_encoding_than_declared_is_held_back(reader: Reader) -> None:
    """The bytes fit, the letters do not; `mixed` with the same name is a person's word that they do."""
    content = _export({}, encoding="koi8-u")
    (finding, *_) = reader(content, "a.csv", {"encoding": "windows-1251"}, FIELDS).findings
    assert (finding.code, finding.found, finding.wanted) == ("encoding-contradicted", "koi8-u", "windows-1251")
    assert finding.severity == "error"
    declared = {"encoding": "windows-1251", "mixed": "windows-1251"}
    codes = [item.code for item in reader(content, "a.csv", declared, FIELDS).findings]
    assert "encoding-contradicted" not in codes


def test_no_real_text_contradicts_its_own_encoding() -> None:
    """Real texts in each Cyrillic encoding: neither the whole nor a line speaks against the declaration."""
    exports = ROOT.parent / "shared" / "exports"
    if not exports.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    benchmark = _benchmark()
    for name, own in benchmark.CYRILLIC_TEXTS:
        text = (exports / name).read_bytes().decode(own)[:200_000]
        for encoding in CYRILLIC:
            content = benchmark.written(text, encoding)
            assert contradicting(content, encoding) == "", (name, encoding)
            assert odd_lines(content, encoding) == ((), ""), (name, encoding)


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
