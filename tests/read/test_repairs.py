"""Declared repairs: what each changes, what it leaves alone, and that each is counted with its places."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from vidkryto.catalogue.reading import Correction, FieldReading
from vidkryto.errors import ContractError
from vidkryto.language import translated
from vidkryto.read import Table, load_corrections

Reader = Callable[..., Table]


def _one(
    reader: Reader, declared: dict[str, Any], cells: list[str], kind: str = "string"
) -> tuple[list[str | None], Table]:
    quoted = "".join('"' + cell.replace('"', '""') + '",x\n' for cell in cells)
    reading = {"fields": {"a": declared}, "ignore": "b"}
    table = reader(f"a,b\n{quoted}".encode(), "a.csv", reading, {"a": kind})
    return table.columns["a"].to_pylist(), table


CHANGES: list[tuple[dict[str, Any], str, str, str | None, str]] = [
    ({"decimal": ","}, "number", "27,9", "27.9", "repair-decimal-comma"),
    ({"decimal": ","}, "number", "-0,50", "-0.50", "repair-decimal-comma"),
    ({"decimal": ","}, "number", ",5", "0.5", "repair-decimal-comma"),
    ({"thousands": "space"}, "number", "1 234 567", "1234567", "repair-thousands"),
    ({"thousands": "space"}, "number", "1\u00a0234\u202f567", "1234567", "repair-thousands"),
    ({"thousands": ","}, "number", "229,932.50", "229932.50", "repair-thousands"),
    ({"percent": "number"}, "number", "27 %", "27", "repair-percent"),
    ({"percent": "fraction"}, "number", "27%", "0.27", "repair-percent"),
    ({"drop": ["грн", "UAH"]}, "number", "12 UAH", "12", "repair-unit"),
    ({"units": {"грн": 1, "тис. грн": 1000}}, "number", "12 тис. грн", "12000", "repair-unit"),
    ({"units": {"грн": 1, "тис. грн": 1000}}, "number", "0.0125 тис.грн.", "12.5", "repair-unit"),
    ({"units": {"грн": 1, "тис. грн": 1000}}, "number", "12.50 ГРН", "12.50", "repair-unit"),
    ({"units": {"грн": 1, "коп": 0.01}}, "number", "грн 7", "7", "repair-unit"),
    ({"units": {"грн": 1, "коп": 0.01}}, "number", "7 коп.", "0.07", "repair-unit"),
    ({"thousands": ".", "decimal": ","}, "number", "1.234", "1234", "repair-thousands"),
    ({"drop": ["грн"]}, "number", "1234.50 грн.", "1234.50", "repair-unit"),
    ({"float_artefacts": True}, "number", "2.7000000000000002", "2.7", "repair-float-artefact"),
    ({"float_artefacts": True}, "number", "6232929.300000001", "6232929.3", "repair-float-artefact"),
    ({"scientific": True}, "number", "1e+05", "100000", "repair-scientific"),
    ({"scientific": True}, "number", "9.05504171787077e-05", "0.0000905504171787077", "repair-scientific"),
    ({"dates": "дд.мм.рррр"}, "date", "04.01.2019", "2019-01-04", "repair-date"),
    ({"dates": "дд.мм.рррр"}, "date", " 4.1.2019 р. ", "2019-01-04", "repair-date"),
    ({"dates": "рррр-м-д"}, "date", "2021-3-1", "2021-03-01", "repair-date"),
    ({"dates": "дд.мм.рр"}, "date", "24.08.91", "1991-08-24", "repair-date"),
    ({"dates": "дд.мм.рр"}, "date", "24.08.24", "2024-08-24", "repair-date"),
    ({"dates": "дд місяць рррр"}, "date", "24 серпня 1991 року", "1991-08-24", "repair-date"),
    ({"dates": "місяць рррр"}, "yearmonth", "Травень 2024", "2024-05", "repair-date"),
    ({"dates": "місяць рррр", "day": "last"}, "date", "лютий 2024", "2024-02-29", "repair-date"),
    ({"dates": "рррр", "day": "first"}, "date", "2019", "2019-01-01", "repair-date"),
    ({"dates": "excel"}, "date", "45413", "2024-05-01", "repair-date"),
    ({"dates": "дд.мм.рррр гг:хх"}, "datetime", "01.05.2024 7:05", "2024-05-01T07:05:00", "repair-date"),
    ({"dates": "дд.мм.рррр гг:мм"}, "datetime", "01.05.2024 7:05", "2024-05-01T07:05:00", "repair-date"),
    ({"dates": "dd.mm.yyyy hh:mm:ss"}, "datetime", "01.05.2024 07:05:09", "2024-05-01T07:05:09", "repair-date"),
    ({"dates": "гг:мм дд.мм.рррр"}, "datetime", "7:05 01.06.2024", "2024-06-01T07:05:00", "repair-date"),
    ({"dates": "рррр року"}, "year", "2024 року", "2024", "repair-date"),
    ({"dates": "місяць"}, "integer", "Грудень", "12", "repair-date"),
    ({"degrees": True}, "number", 'N 50° 23’ 39"', "50.394167", "repair-degrees"),
    ({"degrees": True}, "number", "27°2'9'' Зх", "-27.035833", "repair-degrees"),
    ({"digits": 8}, "string", "4376624", "04376624", "repair-leading-zeros"),
    ({"digits": 8}, "string", "4376624.0", "04376624", "repair-leading-zeros"),
    ({"clean": ["cyrillic"]}, "string", "Олiя", "Олія", "repair-latin-in-cyrillic"),
    ({"clean": ["cyrillic"]}, "string", "IВАНОВИЧ", "ІВАНОВИЧ", "repair-latin-in-cyrillic"),
    ({"clean": ["latin"]}, "string", "А16135", "A16135", "repair-cyrillic-in-latin"),
    ({"clean": ["apostrophes"]}, "string", "Кам’янець, об'їзд", "Камʼянець, обʼїзд", "repair-apostrophe"),
    ({"clean": ["spaces"]}, "string", " Ринок\u2028 Привокзальний\u00a0", "Ринок Привокзальний", "repair-spaces"),
    ({"clean": ["controls"]}, "string", "Ри\u00adнок\u200b", "Ринок", "repair-controls"),
    ({"clean": ["dashes"]}, "string", "2019–2020", "2019-2020", "repair-dash"),
    ({"values": {"використано": ["Використано"]}}, "string", "ВИКОРИСТАНО ", "використано", "repair-vocabulary"),
    ({"nulls": ["-", "HIDDEN"]}, "string", " HIDDEN ", None, "repair-null-word"),
]


@pytest.mark.parametrize(("declared", "kind", "was", "becomes", "code"), CHANGES)
def test_a_declared_repair_changes_the_cell_and_says_so(
    declared: dict[str, Any], kind: str, was: str, becomes: str | None, code: str, reader: Reader
) -> None:
    """The exact text, the code, the count and the line."""
    cells, table = _one(reader, declared, ["", was], kind)
    assert cells == [None, becomes]
    (repair,) = table.repairs
    lines = was.count("\n")
    assert (repair.code, repair.count, repair.rows) == (code, 1, (3 + lines,))
    assert repair.severity == "note"
    assert repair.place.field == "a"


LEFT = [
    ({"decimal": ","}, "1,2,3"), ({"decimal": ","}, "12.5"), ({"thousands": "space"}, "12 34"),
    ({"thousands": "space"}, "вул. 1 234"), ({"drop": ["грн"]}, "сто грн"), ({"float_artefacts": True}, "50.2691"),
    ({"float_artefacts": True}, "12345678901234567890"), ({"float_artefacts": True}, "28.6690483093262"),
    ({"units": {"тис": 1000}}, "12 млн"), ({"units": {"тис": 1000}}, "1 2 тис"),
    ({"units": {"тис": 1000}}, "тис 5 тис"),
    ({"scientific": True}, "UA1e5"), ({"dates": "дд.мм.рррр"}, "31.02.2024"), ({"dates": "дд.мм.рррр"}, "Чернігів"),
    ({"dates": "рррр"}, "20191"), ({"dates": "excel"}, "1234567"), ({"dates": "місяць рррр"}, "Травневий 2024"),
    ({"degrees": True}, "N 50° 73’ 39\""), ({"digits": 8}, "1"), ({"digits": 8}, "11111111"), ({"digits": 8}, "ФОП"),
    ({"clean": ["cyrillic"]}, "Windows-програма"), ({"clean": ["cyrillic"]}, "WiFi"), ({"clean": ["latin"]}, "Ж-15"),
    ({"clean": ["apostrophes"]}, "'Ринок'"), ({"values": {"так": ["ТАК"]}}, "ні"), ({"nulls": ["-"]}, "вул. -"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "text"), LEFT)
def test_a_cell_that_does_not_plainly_fit_is_left_alone(declared: dict[str, Any], text: str, reader: Reader) -> None:
    """It is for the validation to say what is wrong with it."""
    cells, table = _one(reader, declared, [text])
    assert cells == [text]
    assert table.repairs == ()


def test_numbers_of_different_units_in_one_column_keep_their_scale(reader: Reader) -> None:
    """Decimal commas and spaces between thousands in front of the unit too."""
    declared = {"units": {"грн": 1, "тис. грн": 1000, "млн": 1_000_000}, "decimal": ",", "thousands": "space"}
    cells, table = _one(reader, declared, ["12 тис. грн", "12 грн", "1 234,5 тис. грн", "1 234,5 грн", "0,00125 млн"])
    assert cells == ["12000", "12", "1234500", "1234.5", "1250"]
    assert table.findings == ()


@pytest.mark.parametrize(
    ("declared", "cells", "rows"),
    [
        ({"percent": "fraction"}, ["27 %", "0.27", "0", "27", "-"], (3, 5)),
        ({"percent": "number", "decimal": ","}, ["27,5 %", "0,27"], (3,)),
        ({"units": {"грн": 1, "тис. грн": 1000}}, ["12", "1 200.50"], (2, 3)),
        ({"percent": "fraction"}, ["0.27", "27"], ()),
        ({"percent": "fraction"}, ["27 %", "близько 3", ""], ()),
        ({"units": {"грн": 1}}, ["12 грн", "12"], ()),
    ],
)
def test_a_number_that_lacks_its_sign_or_unit_is_told(
    declared: dict[str, Any], cells: list[str], rows: tuple[int, ...], reader: Reader
) -> None:
    """27 beside 27 % may be 27 % or 2700 %; a column without any sign is as it is declared."""
    _, table = _one(reader, declared, cells)
    assert [(item.code, item.rows) for item in table.findings] == ([("unit-missing", rows)] if rows else [])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"drop": ["грн", "тис. грн"]}, "drop makes numbers of different scale equal: грн, тис. грн"),
        ({"drop": ["кг", "тонни"]}, "different scale"),
        ({"thousands": "."}, "thousands and decimal are both '.': 1.234 could be either"),
        ({"thousands": ["space", ","], "decimal": ","}, "thousands and decimal are both ','"),
        ({"units": {"грн": 0}}, "greater than 0"),
    ],
)
def test_a_declaration_that_would_change_amounts_is_refused(declared: dict[str, Any], message: str) -> None:
    """When the contract is loaded, in both languages."""
    with pytest.raises(ValidationError, match=message) as caught:
        FieldReading.model_validate(declared)
    told = str(caught.value.errors()[0]["msg"]).removeprefix("Value error, ")
    assert translated(told, "uk") != told


@pytest.mark.parametrize("words", [["грн", "гривень", "UAH"], ["%"], ["шт", "осіб"], ["тис. грн", "тисяч"], ["км/год"]])
def test_words_of_one_scale_are_dropped_together(words: list[str]) -> None:
    """No false alarm."""
    assert FieldReading.model_validate({"drop": words}).drop == tuple(words)


def test_nothing_changes_without_a_declaration(reader: Reader) -> None:
    """Spaces, commas, look-alikes and all."""
    texts = [" Олiя ", "27,9", "1 234", "04.01.2019", "null", "4376624", "2.7000000000000002"]
    cells, table = _one(reader, {}, texts)
    assert cells == texts
    assert table.repairs == ()


def test_a_repair_counts_all_cells_and_shows_the_first_ten_places(reader: Reader) -> None:
    """Twenty-five cells; an example before and after."""
    _, table = _one(reader, {"decimal": ","}, [f"{number},5" for number in range(25)])
    (repair,) = table.repairs
    assert (repair.count, repair.rows) == (25, tuple(range(2, 12)))
    assert repair.message("uk") == "Десяткова кома: поле a, клітинок 25, наприклад «0,5» → «0.5» (рядок 2)."


def test_a_list_in_a_cell_becomes_rows_or_json(reader: Reader) -> None:
    """The account counts rows of the file, not of the result."""
    content = "id,b\n1,Ринок; Парк\n2,\n".encode()
    for into, expected in (("rows", ["Ринок", "Парк", None]), ("json", ['["Ринок", "Парк"]', None])):
        reading = {"split": {"b": {"by": ";", "into": into}}}
        table = reader(content, "a.csv", reading, {"id": "integer", "b": "string"})
        assert table.columns["b"].to_pylist() == expected
        assert table.account.data == 2


class TestCorrections:
    """Known errors of the source as data."""

    CONTENT = "id,name\n1,Ринко\n2,Парк\n".encode()
    FIELDS: ClassVar = {"id": "integer", "name": "string"}

    def _read(self, reader: Reader, **change: Any) -> Table:
        fields = {"resource": "stops", "key": {"id": "1"}, "field": "name", "was": "Ринко", "becomes": "Ринок",
                  "reason": "описка", **change}  # fmt: skip
        correction = Correction.model_validate(fields)
        today = datetime.date(2026, 1, 1)
        return reader(self.CONTENT, "a.csv", {}, self.FIELDS, corrections=[correction], today=today)

    def test_a_correction_is_applied_and_told(self, reader: Reader) -> None:
        """With its reason and its line."""
        table = self._read(reader)
        assert table.columns["name"].to_pylist() == ["Ринок", "Парк"]
        (repair,) = table.repairs
        assert repair.code == "repair-correction"
        assert repair.message("en") == "Known error: name for id=1: 'Ринко' → 'Ринок' (описка)."
        assert repair.rows == (2,)

    @pytest.mark.parametrize("change", [{"was": "Ринкок"}, {"key": {"id": "9"}}, {"field": "label"}])
    def test_a_stale_correction_is_a_finding(self, change: dict[str, Any], reader: Reader) -> None:
        """The value, the row or the field is gone."""
        table = self._read(reader, **change)
        assert table.columns["name"].to_pylist() == ["Ринко", "Парк"]
        assert [finding.code for finding in table.findings] == ["correction-stale"]

    def test_a_correction_whose_day_has_passed_is_not_applied(self, reader: Reader) -> None:
        """And told."""
        table = self._read(reader, until=datetime.date(2025, 12, 31))
        assert table.columns["name"][0].as_py() == "Ринко"
        assert [finding.code for finding in table.findings] == ["correction-over"]

    def test_the_file_is_read_and_checked(self, tmp_path: Path) -> None:
        """A correction without a reason is refused; no file means no corrections."""
        file = tmp_path / "corrections.yaml"
        assert load_corrections(file) == ()
        file.write_text("- {resource: stops, key: {id: '1'}, field: name, was: a, becomes: b, reason: c}", "utf-8")
        assert load_corrections(file)[0].becomes == "b"
        file.write_text("- {resource: stops, key: {id: '1'}, field: name, was: a, becomes: b}", "utf-8")
        with pytest.raises(ContractError, match="reason"):
            load_corrections(file)


@pytest.mark.parametrize("codec", ["cp1251", "latin-1"])
def test_letters_broken_by_a_wrong_encoding_are_told(codec: str, reader: Reader) -> None:
    """«РњС–СЃС‚Рѕ» is no Ukrainian word; the finding says what it should probably be."""
    broken = "Місто Хмельницький".encode().decode(codec, "ignore")
    _, table = _one(reader, {}, ["Місто Хмельницький", broken, "СРСР, РФ, ГРС"])
    (finding,) = table.findings
    assert (finding.code, finding.count, finding.rows) == ("mojibake", 1, (3,))
    assert "істо Хмельни" in str(finding.wanted)
