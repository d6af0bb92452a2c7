"""The gate: what is unclassed, contradicted or recoverable blocks; what passes is what the contract declares."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from vidkryto.catalogue.classes import ColumnClass, DisclosureRules
from vidkryto.disclosure import DenyList, Exemption, Previous, disclose, protected_fields, safe_name
from vidkryto.disclosure.deny import DenyRule
from vidkryto.disclosure.exceptions import DEFECTS
from vidkryto.disclosure.outcome import Disclosure
from vidkryto.findings import codes
from vidkryto.settings import Secret

TODAY = date(2026, 11, 23)
SALT = Secret("a salt that is long enough")


def gate(columns: dict[str, list[str]], classes: dict[str, Any], **more: Any) -> Disclosure:
    """The gate over a small table whose rows stand from row 5 of the officer's file."""
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    types = more.pop("types", {})
    given = {
        "schema": {"fields": [{"name": name, "type": types.get(name, "string")} for name in columns]},
        "resource": "table",
        "file": "вивантаження.xlsx",
        "dataset": "set",
        "salt": SALT,
        "today": TODAY,
    }
    rows = pa.array(range(5, 5 + table.num_rows), pa.int64())
    return disclose(
        table,
        rows,
        classes={name: ColumnClass.model_validate(one) for name, one in classes.items()},
        **{**given, **more},
    )


def told(outcome: Disclosure) -> list[tuple[str, str]]:
    return [(finding.code, finding.place.field) for finding in outcome.findings]


def decision(field: str, kind: str, **more: Any) -> Exemption:
    given = {
        "reason": "Публічний контакт, рішення № 7",
        "people": ("Олена Бойчук", "Іван Дячук"),
        "until": date(2027, 3, 1),
    }
    return Exemption("table", field, kind, **{**given, **more})


def test_a_clean_open_table_passes_unchanged() -> None:
    """Values and row numbers as they came; nothing is told."""
    outcome = gate({"label": ["Школа № 5", "Ліцей"], "n": ["1", "2"]}, {"label": "open", "n": "open"})
    assert outcome.findings == ()
    assert outcome.columns.to_pydict() == {"label": ["Школа № 5", "Ліцей"], "n": ["1", "2"]}
    assert outcome.rows.to_pylist() == [5, 6]
    assert outcome.protected == frozenset()


def test_an_unclassed_column_blocks() -> None:
    """Nothing is published of a table about which the contract is silent, and nothing is left in the outcome."""
    outcome = gate({"label": ["Школа"], "extra": ["1"]}, {"label": "open"})
    assert told(outcome) == [("column-unclassed", "extra")]
    assert outcome.blocked
    assert outcome.columns.num_columns == 0
    assert len(outcome.rows) == 0
    assert "extra" in outcome.protected


def test_each_class_gets_its_safe_default() -> None:
    """Identifiers and sensitive columns are gone, free text without hits stays."""
    outcome = gate(
        {"name": ["Коваленко Марія Іванівна"], "illness": ["грип"], "note": ["Яма на дорозі"], "label": ["Школа"]},
        {"name": "identifier", "illness": "sensitive", "note": "free_text", "label": "open"},
    )
    assert not outcome.blocked
    assert outcome.columns.column_names == ["note", "label"]
    assert outcome.evidence["actions"] == {"name": "drop", "illness": "drop"}


def test_a_declaration_is_contradicted_by_place_and_never_by_value() -> None:
    """Row of the officer's file, kind, count, share, confidence; the value is nowhere."""
    outcome = gate({"code": ["01107935", "3184710691"]}, {"code": "open"})
    (finding,) = outcome.findings
    assert (finding.code, finding.rows, finding.count) == ("class-contradicted", (6,), 1)
    assert (
        finding.message("en")
        == "Column 'code' (class open): tax number of a person, cells: 1 (50.0%), confidence 0.90."
    )
    assert "3184710691" not in repr(outcome) + json.dumps(outcome.evidence) + finding.message("uk")
    assert outcome.protected == {"code"}


def test_free_text_blocks_by_default_and_is_masked_on_request() -> None:
    """The same text under the two actions."""
    columns = {"note": ["Зателефонуйте 067 123 45 67"]}
    assert told(gate(columns, {"note": "free_text"})) == [("free-text-personal", "note")]
    masked = gate(columns, {"note": {"class": "free_text", "action": "mask"}})
    assert told(masked) == [("free-text-masked", "note")]
    assert masked.columns.to_pydict() == {"note": ["Зателефонуйте [приховано: телефон]"]}


def test_a_hash_without_a_salt_blocks() -> None:
    """Ten-digit numbers are guessed in minutes when the salt is empty."""
    classes = {"code": {"class": "identifier", "action": "hash"}}
    assert told(gate({"code": ["3184710691"]}, classes, salt=None)) == [("salt-missing", "code")]
    outcome = gate({"code": ["3184710691"]}, classes)
    assert not outcome.blocked
    assert len(outcome.columns.column("code")[0].as_py()) == 32


def test_coordinates_belong_into_class_geo() -> None:
    """Declared open they would slip past the polygons of the deny list."""
    columns = {"lat": ["49.422901", "49.431002"], "lon": ["26.987103", "26.993304"]}
    assert told(gate(columns, {"lat": "open", "lon": "open"})) == [
        ("class-contradicted", "lat"),
        ("class-contradicted", "lon"),
    ]
    assert told(gate(columns, {"lat": "geo", "lon": "geo"})) == []


def test_formula_cells_of_text_fields_are_a_task_and_numbers_are_not() -> None:
    """A typed number cannot carry a formula; a text can."""
    outcome = gate({"label": ["=1+1", "-5"], "n": ["-5", "+5"]}, {"label": "open", "n": "open"}, types={"n": "number"})
    (finding,) = outcome.findings
    assert (finding.code, finding.rows) == ("formula-cell", (5,))


def test_a_name_that_is_a_person_is_masked_wherever_it_is_told() -> None:
    """Header, sheet and file: the finding says which, and quotes none of them."""
    outcome = gate(
        {"a": ["1"]},
        {"a": "open"},
        headers={"a": "Коваленко Марія Іванівна"},
        sheet="067 123 45 67",
        file="o.k@ukr.net.xlsx",
    )
    assert [finding.code for finding in outcome.findings] == ["personal-in-name"] * 3
    everything = repr(outcome) + "".join(finding.message("uk") for finding in outcome.findings)
    assert not any(value in everything for value in ("Коваленко", "123 45 67", "o.k@ukr.net"))
    assert safe_name("звіт 067 123 45 67") == "звіт [приховано: телефон]"


def test_k_and_l_block_under_their_thresholds() -> None:
    """Five rows in a group of two districts; four have one illness."""
    columns = {"district": ["а"] * 5 + ["б"] * 4, "illness": ["грип"] * 4 + ["кір"] + ["грип"] * 4}
    classes = {"district": "quasi", "illness": {"class": "sensitive", "action": "keep"}}
    outcome = gate(columns, classes)
    assert [finding.code for finding in outcome.findings] == ["k-anonymity-low", "l-diversity-low"]
    assert (outcome.residual_risk.k, outcome.residual_risk.l) == (4, 1)
    enough = gate({name: values[:5] for name, values in columns.items()}, classes)
    assert enough.findings == ()
    assert enough.residual_risk.reidentification == 0.2


def test_generalised_birth_dates_pass_where_raw_ones_single_people_out() -> None:
    """The detectors judge what leaves: an age band is no date of birth."""
    columns = {"birthDate": [f"19{year}-03-05" for year in range(80, 86)]}
    assert told(gate(columns, {"birthDate": "quasi"})) == [("k-anonymity-low", "")]
    assert told(gate(columns, {"birthDate": {"class": "quasi", "generalise": {"age_band": 20}}})) == []


def test_small_counts_leave_as_empty_cells_with_the_risk_as_a_number() -> None:
    """Hidden cells and the narrowest interval stand in the residual risk."""
    columns = {"district": list("ааббвв"), "age": list("121212"), "people": ["4", "40", "60", "70", "80", "90"]}
    rules = DisclosureRules.model_validate({"cells": {"counts": "people", "over": ["district", "age"]}})
    outcome = gate(columns, dict.fromkeys(columns, "open"), rules=rules, types={"people": "integer"})
    assert told(outcome) == [("cells-suppressed", "people")]
    assert outcome.columns.column("people").to_pylist().count("") == outcome.residual_risk.hidden_cells == 4
    assert outcome.residual_risk.narrowest_interval >= 5
    assert outcome.cells is not None


def test_a_cells_rule_that_names_no_column_blocks() -> None:
    """A misspelt rule protects nothing."""
    rules = DisclosureRules.model_validate({"cells": {"counts": "peple", "over": ["district"]}})
    assert told(gate({"district": ["а"], "people": ["4"]}, {"district": "open", "people": "open"}, rules=rules)) == [
        ("class-unusable", "peple")
    ]


def test_denied_rows_leave_before_anything_else() -> None:
    """Only rule and number are told; the rows keep their numbers in the officer's file."""
    deny = DenyList((DenyRule("E1", edrpou=frozenset({"01107935"})),))
    outcome = gate({"code": ["01107935", "26244113"]}, {"code": "open"}, deny=deny)
    assert [finding.code for finding in outcome.findings] == ["rows-withheld"]
    assert outcome.findings[0].message("en") == "Rows withheld under rule E1: 1."
    assert outcome.rows.to_pylist() == [6]
    assert outcome.evidence["withheld_by_rule"] == {"E1": 1}
    assert "01107935" not in repr(outcome)


def test_an_area_is_closed_and_a_place_cannot_be_read() -> None:
    """What might lie inside blocks; without a rule about an area nobody has to read it."""
    square = ((26.9, 49.4), (27.0, 49.4), (27.0, 49.5), (26.9, 49.5))
    columns = {"name": ["а", "б"], "place": ["POINT (26.95 49.45)", "5474123 612345"]}
    classes = {"name": "open", "place": "geo"}
    outcome = gate(columns, classes, deny=DenyList((DenyRule("G2", polygons=(square,)),)))
    assert told(outcome) == [("place-unreadable", "place"), ("rows-withheld", "")]
    assert outcome.blocked
    assert outcome.findings[0].rows == (6,)
    other = gate(columns, classes, deny=DenyList((DenyRule("T3", object_types=frozenset({"а"})),)))
    assert other.withheld is not None
    assert (other.blocked, other.withheld.num_rows) == (False, 1)


def test_a_rule_that_has_ended_closes_nothing() -> None:
    """The day of the decision counts, as for exceptions."""
    rule = DenyRule("T3", object_types=frozenset({"парк"}), until=date(2026, 11, 1))
    outcome = gate({"type": ["Парк"]}, {"type": "open"}, deny=DenyList((rule,)), decided=date(2026, 11, 2))
    assert outcome.columns.num_rows == 1
    outcome = gate({"type": ["Парк"]}, {"type": "open"}, deny=DenyList((rule,)), decided=date(2026, 11, 1))
    assert outcome.columns.num_rows == 0


def test_young_rows_wait() -> None:
    """A delay of 30 days."""
    outcome = gate({"date": ["2026-11-01", "2026-01-01"]}, {"date": {"class": "open", "delay": "30d"}})
    assert told(outcome) == [("rows-delayed", "date")]
    assert outcome.columns.to_pydict() == {"date": ["2026-01-01"]}
    assert outcome.due == date(2026, 12, 1)


def test_a_delay_ends_on_the_day_of_the_run() -> None:
    """An old export is run again: its ages are those of its day, its young rows are not."""
    columns, classes = {"date": ["2026-11-01", "soon", "2026-11-20"]}, {"date": {"class": "open", "delay": "30d"}}
    outcome = gate(columns, classes, decided=date(2026, 12, 1))
    assert outcome.columns.to_pydict() == {"date": ["2026-11-01"]}
    assert outcome.due == date(2026, 12, 20)
    assert gate(columns, classes, decided=date(2026, 12, 20)).due is None


def test_points_of_people_go_to_a_grid_or_nowhere() -> None:
    """Two points share a cell, the third is alone."""
    columns = {"lat": ["49.4229", "49.4229", "49.5229"], "lon": ["26.9871", "26.9872", "26.9871"]}
    snap = {"class": "geo", "snap": {"grid": "500 m", "with": "lon", "people": True, "addresses": 2}}
    outcome = gate(columns, {"lat": snap, "lon": "geo"})
    assert told(outcome) == [("points-withheld", "lat")]
    assert outcome.columns.column("lat")[2].as_py() == outcome.columns.column("lon")[2].as_py() == ""
    assert told(gate({"lat": ["49.4"]}, {"lat": snap})) == [("class-unusable", "lat")]
    back = {"class": "geo", "snap": {**snap["snap"], "with": "lat"}}
    assert gate(columns, {"lat": snap, "lon": back}).columns.equals(outcome.columns)


def test_cells_that_do_not_look_as_declared_are_counted() -> None:
    """Left empty, and a warning."""
    outcome = gate(
        {"d": ["2024-03-05"] * 5 + ["колись"] * 5}, {"d": {"class": "quasi", "generalise": {"date": "month"}}}
    )
    assert told(outcome) == [("transformation-failed", "d")]


def test_two_people_with_a_reason_and_an_end_may_decide_otherwise() -> None:
    """The contradiction becomes a note, and its cells count as residual risk."""
    columns, classes = {"email": ["school5@ukr.net"]}, {"email": "open"}
    outcome = gate(columns, classes, exceptions=(decision("email", "email"),))
    assert told(outcome) == [("contradiction-excepted", "email")]
    assert outcome.residual_risk.excepted_cells == 1
    assert not outcome.blocked


@pytest.mark.parametrize(
    ("spoilt", "defect"),
    [
        ({"people": ("Олена Бойчук",)}, "people"),
        ({"people": ("Олена Бойчук", " олена  бойчук ")}, "people"),
        ({"reason": "треба"}, "reason"),
        ({"until": date(2026, 11, 22)}, "expired"),
        ({"until": date(2028, 11, 23)}, "too-long"),
        ({"cells": 0}, "more-cells"),
    ],
)
def test_a_decision_that_lacks_something_does_not_hold(spoilt: dict[str, Any], defect: str) -> None:
    """One person, no reason, an end that passed or is far, more cells than were decided on."""
    outcome = gate(
        {"email": ["school5@ukr.net"]}, {"email": "open"}, exceptions=(decision("email", "email", **spoilt),)
    )
    assert told(outcome) == [("exception-invalid", "email"), ("class-contradicted", "email")]
    assert outcome.findings[0].message("en").endswith(f"{DEFECTS[defect][1]}.")


def test_a_class_that_moves_towards_open_needs_two_people() -> None:
    """Compared with the classes of the last release."""
    previous = Previous(classes={"label": ColumnClass.model_validate("sensitive")})
    columns, classes = {"label": ["Школа"]}, {"label": "open"}
    assert told(gate(columns, classes, previous=previous)) == [("class-loosened", "label")]
    decided = gate(columns, classes, previous=previous, exceptions=(decision("label", "class-change"),))
    assert told(decided) == [("contradiction-excepted", "label")]
    assert (
        told(
            gate(
                columns,
                {"label": "sensitive"},
                previous=Previous(classes={"label": ColumnClass.model_validate("open")}),
            )
        )
        == []
    )


def of_class(**declared: Any) -> dict[str, ColumnClass]:
    return {name: ColumnClass.model_validate(one) for name, one in declared.items()}


def test_a_field_that_was_away_or_is_renamed_keeps_its_class() -> None:
    """Neither a release without the field nor another name for the same header makes a closed column a new one."""
    rules = DisclosureRules()
    first = Previous().lasting(of_class(uid="open", diagnosis="sensitive"), {"diagnosis": "Діагноз"}, rules)
    away = first.lasting(of_class(uid="open"), {"uid": "Код"}, rules)
    back = gate({"diagnosis": ["легкий"]}, {"diagnosis": "open"}, previous=away, headers={"diagnosis": "Стан"})
    assert told(back) == [("class-loosened", "diagnosis")]
    other = gate({"label": ["легкий"]}, {"label": "open"}, previous=away, headers={"label": " діагноз "})
    assert told(other) == [("class-loosened", "label")]
    assert "was sensitive, is open" in other.findings[0].message("en")
    decided = decision("label", "class-change")
    assert told(gate({"label": ["легкий"]}, {"label": "open"}, previous=away, headers={"label": "Діагноз"},
                     exceptions=(decided,))) == [("contradiction-excepted", "label")]  # fmt: skip
    for header in ("Назва", "#1", ""):  # a new column, and the place of another one
        assert told(gate({"label": ["легкий"]}, {"label": "open"}, previous=away, headers={"label": header})) == []


def test_what_went_out_by_an_exception_stays_the_closed_class_to_compare_with() -> None:
    """Also for a renamed field: the day after the end of the exception the step is told again."""
    rules = DisclosureRules()
    closed = Previous().lasting(of_class(diagnosis="sensitive"), {"diagnosis": "Діагноз"}, rules)
    excepted = closed.lasting(of_class(label="open"), {"label": "Діагноз"}, rules)
    after = gate({"label": ["легкий"]}, {"label": "open"}, previous=excepted, headers={"label": "Інакше"})
    assert told(after) == [("class-loosened", "label")]
    assert Previous().lasting(of_class(a="open"), {}, rules).lasting(of_class(a="sensitive"), {}, rules).classes == (
        of_class(a="sensitive")
    )


CELLS = {"counts": "people", "over": ["district"], "threshold": 10, "width": 5}


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ({"k": 5}, {"k": 3}, "age"),
        ({"k": 5}, {"cells": CELLS}, "age"),
        ({"l": 3}, {"l": 2}, "benefit"),
        ({"cells": CELLS}, {}, "people"),
        ({"cells": CELLS}, {"cells": CELLS | {"threshold": 3}}, "people"),
        ({"cells": CELLS}, {"cells": CELLS | {"width": 2}}, "people"),
        ({"cells": CELLS}, {"cells": CELLS | {"releases": 1}}, "people"),
        ({"cells": CELLS}, {"cells": CELLS | {"counts": "age"}}, "people"),
        ({"cells": CELLS | {"running_total": True}}, {"cells": CELLS}, "people"),
        ({"k": 5}, {"k": 7}, ""),
        ({"cells": CELLS}, {"cells": CELLS | {"threshold": 20}}, ""),
    ],
)
def test_a_threshold_that_protects_less_needs_two_people(before: Any, after: Any, field: str) -> None:
    """Thresholds are compared as classes are; the strictest ever stays the one to compare with."""
    declared = {"age": "quasi", "benefit": {"class": "sensitive", "action": "keep"}, "people": "open",
                "district": "open"}  # fmt: skip
    columns = {"age": ["34"] * 8, "benefit": ["а", "б", "в", "г"] * 2, "people": ["20"] * 8,
               "district": [f"Район {n}" for n in range(8)]}  # fmt: skip
    now = DisclosureRules.model_validate(after)
    previous = Previous().lasting({}, {}, DisclosureRules.model_validate(before))
    steps = [one for one in told(gate(columns, declared, previous=previous, rules=now)) if "loosened" in one[0]]
    assert steps == ([("class-loosened", field)] if field else [])
    if field:
        again = previous.lasting({}, {}, now)
        if before != {"k": 5} or "cells" not in after:  # counts in place of k: told once, the counts are kept then
            assert again.rules == previous.rules
        by_two = (decision(field, "class-change"),)
        outcome = gate(columns, declared, previous=again, rules=now, exceptions=by_two)
        assert "class-loosened" not in {code for code, _ in told(outcome)}


def test_protected_fields_are_known_from_the_contract_alone() -> None:
    """Before anything is read."""
    classes = {
        name: ColumnClass.model_validate(one) for name, one in {"a": "open", "b": "sensitive", "c": "free_text"}.items()
    }
    assert protected_fields(classes) == {"b", "c"}


def test_the_same_run_gives_the_same_outcome() -> None:
    """Columns, findings and evidence are equal, hashes included."""
    columns = {"code": ["3184710691", ""], "note": ["тел. 65-12-34", "ок"], "age": ["34", "35"]}
    classes = {
        "code": {"class": "identifier", "action": "hash"},
        "note": {"class": "free_text", "action": "mask"},
        "age": {"class": "open"},
    }
    one, other = gate(columns, classes), gate(columns, classes)
    assert one.columns.equals(other.columns)
    assert (one.findings, one.evidence) == (other.findings, other.evidence)


def test_an_empty_table_passes() -> None:
    """No rows, no harm; the classes are still asked for."""
    assert gate({"a": []}, {"a": "open"}).findings == ()
    assert told(gate({"a": []}, {})) == [("column-unclassed", "a")]


def test_no_message_of_this_stage_has_a_place_for_a_value() -> None:
    """The texts themselves cannot quote a cell."""
    stage = [code for code in codes().values() if code.stage == "disclosure"]
    assert len(stage) >= 25
    assert not [code.name for code in stage for text in code.message.values() if "{found}" in text]


def test_decisions_and_the_last_release_are_kept_as_json() -> None:
    """What is written into the ledger and beside a release is read back equal."""
    decided = decision("email", "email", cells=7)
    assert Exemption.from_entry(json.loads(json.dumps(decided.to_entry()))) == decided
    snap = {"class": "geo", "snap": {"grid": 250, "with": "lon"}}
    written = {"age": {"class": "quasi", "generalise": {"age_band": 10}}, "lat": snap}
    previous = Previous(classes={name: ColumnClass.model_validate(one) for name, one in written.items()})
    assert Previous.from_json(previous.to_json()) == previous
    rules = DisclosureRules.model_validate({"k": 7, "cells": CELLS})
    previous = previous.lasting(previous.classes, {"age": "Вік", "lat": "Ш | Широта"}, rules)
    assert previous.rules == rules
    assert Previous.from_json(previous.to_json()) == previous
