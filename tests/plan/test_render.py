"""What a plan says to people."""

from __future__ import annotations

from dataclasses import replace

from vidkryto.plan.render import as_markdown, as_text
from vidkryto.plan.rows import RowChange
from vidkryto.plan.value import ColumnChange, Cost, FieldChange, Plan, ResourceChange, TableChange

CHANGE = RowChange(2, 0, 1, (("added", (("uid", "A|1"),)), ("removed", (("uid", "B\x1b[2J"),))))
PLAN = Plan(
    dataset="stops",
    portal="https://data.example.ua",
    version="2.0.0",
    release_sha256="a" * 64,
    contract_sha256="b" * 64,
    live_version="1.4.0",
    live="c" * 64,
    kind="breaking",
    first=False,
    metadata=(FieldChange("version", "1.4.0", "2.0.0"), FieldChange("tags", ["а"], ["а", "б"])),
    resources=(ResourceChange("replace", "id", "stops.csv", "d" * 64, 2_500_000),),
    tables=(
        TableChange(
            "replace", "id", "stops", "khm_stops", ("uid",),
            (ColumnChange("retype", "lat", "numeric", "text"), ColumnChange("rename", "label", "text", "name")),
            CHANGE, 10, 11, "e" * 64, "stock",
        ),
    ),
    findings=(),
    cost=Cost(9, 2_500_000, 3.2),
)  # fmt: skip


def test_a_plan_is_told_in_a_terminal() -> None:
    """Everything that changes stands there; control characters of cells do not."""
    text = as_text(PLAN, "en")
    assert text == (
        f"Plan {PLAN.hash[:12]}: stops, breaking\n"
        "Version: 1.4.0 → 2.0.0\n"
        "Portal: https://data.example.ua\n"
        "Estimate: 9 requests, 2.5 MB, 3 seconds\n"
        f"Waits for approval: vidkryto approve {PLAN.hash[:12]} --as … --role … --reason …\n"
        "\n"
        "Tables\n"
        "  stops: rows 10 → 11; added 2, removed 1 (several requests)\n"
        "    retype field lat (text → numeric)\n"
        "    rename to name → label\n"
        "    added: uid=A|1\n"
        "    removed: uid=B [2J\n"
        "\n"
        "Files\n"
        "  replace stops.csv, 2.50 MB\n"
        "\n"
        "Metadata\n"
        "  version: 1.4.0 → 2.0.0\n"
        "  tags: а → а, б\n"
    )


def test_a_plan_is_told_in_markdown() -> None:
    """Cells cannot break out of the list or become markup."""
    text = as_markdown(PLAN, "uk")
    assert f"# План {PLAN.hash[:12]}: stops, ламає програми користувачів" in text
    assert "- додано: uid=A\\|1" in text


def test_the_hash_is_of_the_content() -> None:
    """Equal plans have one hash, any change gives another; the JSON is complete."""
    assert replace(PLAN).hash == PLAN.hash
    assert replace(PLAN, live="0" * 64).hash != PLAN.hash
    assert replace(PLAN, version="9.9.9").hash != PLAN.hash
    content = PLAN.content()
    assert content["tables"][0]["rows"]["added"] == 2
    assert "hash" not in content
