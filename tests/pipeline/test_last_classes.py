"""What was published closed is not opened by one person: not by pausing a field, renaming it, or losing the memory."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalogue import CONTRACT, make_dataset
from vidkryto.errors import StateError
from vidkryto.pipeline import going_out, new_job, stages
from vidkryto.pipeline.job import Job, Tables
from vidkryto.pipeline.remember import utc
from vidkryto.settings import Settings

EXPORT = "Код;Назва;Стан\n1;Ринок;легкий\n2;Вокзал;важкий\n"


def job(root: Path, field: str, declared: Any) -> Job:
    """A dataset whose third column feeds `field`; "" leaves it out of the contract."""
    contract = deepcopy(CONTRACT)
    resource = contract["resources"][0]
    fields = [{"name": "uid", "type": "integer"}, {"name": "label", "type": "string"}]
    third = [{"name": field, "type": "string"}] if field else []
    resource["schema"] = {"fields": [*fields, *third], "primaryKey": ["uid"], "missingValues": [""]}
    resource["reading"] = {"columns": {"Код": "uid", "Назва": "label", **({"Стан": field} if field else {})}}
    if not field:
        resource["reading"]["ignore"] = ["Стан"]
    contract["publication"]["columns"] = {"uid": "open", "label": "open", **({field: declared} if field else {})}
    dataset = make_dataset(root, contract)
    (dataset.folder / "exports" / "stops.csv").write_text(EXPORT, encoding="utf-8")
    return new_job(dataset, Settings(root=root, home=root / "state"))


def guarded(one: Job) -> Tables:
    exports = stages.pull_exports(one)
    tables = stages.validate_tables(one, stages.read_exports(one, exports))
    return stages.guard_disclosure(one, tables, exports.newest.date())


def published(one: Job) -> None:
    """The dataset as it stands goes out; the portal is not asked."""
    tables = guarded(one)
    assert tables.ready, [finding.message("en") for finding in tables.findings]
    exports = stages.pull_exports(one)
    going_out.now_live(one, stages.make_release(one, tables, utc(exports.newest)), tables)


def stopped(one: Job) -> set[str]:
    return {finding.code for finding in guarded(one).findings if finding.severity == "error"}


@pytest.mark.parametrize("name", ["condition", "state"])
def test_a_field_comes_back_under_its_class(tmp_path: Path, name: str) -> None:
    """Closed, then away for a release, then open: under its own name or under another one for the same header."""
    published(job(tmp_path, "condition", "sensitive"))
    assert stopped(job(tmp_path, name, "open")) == {"class-loosened"}
    published(job(tmp_path, "", ""))
    assert stopped(job(tmp_path, name, "open")) == {"class-loosened"}
    published(job(tmp_path, name, "sensitive"))


def test_a_published_table_whose_classes_are_lost_is_not_published_again(tmp_path: Path) -> None:
    """Without them every class would pass as if it had always been so; the copy beside the release serves as well."""
    first = job(tmp_path, "condition", "sensitive")
    published(first)
    first.disclosed("stops").unlink()
    opened = job(tmp_path, "condition", "open")
    assert stopped(opened) == {"class-loosened"}
    release = first.releases.published()
    assert release is not None
    first.disclosed_by(release.folder.name, "stops").unlink()
    with pytest.raises(StateError, match="the classes under which stops was published are gone"):
        guarded(opened)
