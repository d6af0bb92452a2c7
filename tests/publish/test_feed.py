"""The feed of changes on a real CKAN: cumulative, only growing, whole after any crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.publish.releases import a_release, stop
from tests.publish.test_publication import public
from vidkryto.plan.feed import SCHEMA, feed_id
from vidkryto.plan.make import make_plan
from vidkryto.publish.portal import CkanPortal, Refused
from vidkryto.publish.receipt import Receipt
from vidkryto.publish.watch import drift
from vidkryto.release.value import Release

Publish = Callable[..., Receipt]


def releases_of(folder: Path, dataset: str) -> list[Release]:
    """Three releases; the second and the third say what they changed."""
    lists = [{}, {"stops-changes.csv": b"change,uid\nadded,HM0003\nchanged,HM0001\n"},
             {"stops-changes.csv": b"change,uid\nremoved,HM0002\n"}]  # fmt: skip
    rows = [[stop(1), stop(2)], [stop(1, label="x"), stop(2), stop(3)], [stop(1, label="x"), stop(3)]]
    return [
        a_release(folder, rows[n], dataset=dataset, version=f"1.{n}.0", extra=lists[n]) for n in range(3)
    ]


def told(portal: CkanPortal, name: str) -> list[tuple[str, ...]]:
    """The feed as an API client reads it."""
    rows = public(portal, "datastore_search", resource_id=name, sort="_id")["records"]
    return [(row["release"], row["table"], row["kind"], row["key"]) for row in rows]


def test_the_feed_grows_by_what_each_release_changed(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """One table with a name of its own and a dictionary; it begins with the first change and keeps every entry."""
    receipts = [publish(release) for release in releases_of(folder, dataset)]
    alias = f"khmelnytskyi_{dataset.replace('-', '_')}_changes"
    assert [[table.resource for table in receipt.tables] for receipt in receipts] == [
        ["stops"], ["stops", "changes"], ["stops", "changes"],
    ]  # fmt: skip
    assert told(portal, alias) == [
        ("1.1.0", "stops", "added", "HM0003"),
        ("1.1.0", "stops", "changed", "HM0001"),
        ("1.2.0", "stops", "removed", "HM0002"),
    ]
    info = {field["id"]: field for field in public(portal, "datastore_info", id=alias)["fields"]}
    assert info["time"]["type"] == "timestamptz"
    assert info["kind"]["info"]["label_en"] == "What happened"
    resources = {entry["id"]: entry for entry in public(portal, "package_show", id=dataset)["resources"]}
    assert resources[feed_id(dataset)]["url_type"] == "datastore"
    assert resources[feed_id(dataset)]["vidkryto_rows"] == "3"
    assert drift(receipts[-1], portal) == ()


def test_the_feed_after_a_crash_has_every_entry_once(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Half of a release's entries, or entries of a version that never got to its end, are put right; a second
    plan is empty."""
    first, second, third = releases_of(folder, dataset)
    publish(first)
    publish(second)
    left = {"release": "1.2.0", "number": 7, "time": third.created, "table": "stops", "kind": "added", "key": "HM9999"}
    portal.insert(feed_id(dataset), [left])
    publish(third)
    assert told(portal, feed_id(dataset)) == [
        ("1.1.0", "stops", "added", "HM0003"),
        ("1.1.0", "stops", "changed", "HM0001"),
        ("1.2.0", "stops", "removed", "HM0002"),
    ]
    assert make_plan(third, portal).kind == "nothing"


def test_whole_rows_of_a_table_that_an_act_closes_leave_the_feed(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Without a key an entry is a row: from the release on that withholds some, the earlier ones are shown no more."""
    content = b"change,uid,label\nadded,HM0003,x\n"
    first = a_release(folder, [stop(1)], dataset=dataset, key=())
    second = a_release(folder, [stop(1), stop(3)], dataset=dataset, key=(), version="1.1.0",
                       extra={"stops-changes.csv": content})  # fmt: skip
    publish(first)
    publish(second)
    assert len(told(portal, feed_id(dataset))) == 1
    third = a_release(folder, [stop(1)], dataset=dataset, key=(), version="1.2.0",
                      extra={"stops-changes.csv": b"change,uid,label\n"})  # fmt: skip
    third = replace(third, tables=tuple(replace(table, discreet=True) for table in third.tables))
    plan = make_plan(third, portal)
    assert [sample for table in plan.tables for sample in table.rows.samples if table.resource == "stops"] == []
    publish(third)
    assert told(portal, feed_id(dataset)) == []


def test_keys_of_several_fields_are_told_as_json(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """So that a program can take them apart again."""
    publish(a_release(folder, [stop(1)], dataset=dataset))
    changes = {"stops-changes.csv": 'change,uid,label\nadded,HM0002,"вул. Мала, 2"\n'.encode()}
    publish(a_release(folder, [stop(1), stop(2)], dataset=dataset, version="1.1.0", extra=changes))
    assert told(portal, feed_id(dataset)) == [
        ("1.1.0", "stops", "added", '{"uid": "HM0002", "label": "вул. Мала, 2"}')
    ]


def test_an_entry_that_arrives_twice_is_refused(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A request that the network delivers late, when the run is over, cannot double what the feed says."""
    for release in releases_of(folder, dataset)[:2]:
        publish(release)
    (entry, _) = public(portal, "datastore_search", resource_id=feed_id(dataset), sort="_id")["records"]
    again = {name: value for name, value in entry.items() if name != "_id"}
    with pytest.raises(Refused):
        portal.insert(feed_id(dataset), [again])
    assert len(told(portal, feed_id(dataset))) == 2


def test_a_feed_from_before_entries_had_numbers_gets_them(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """In the order of the portal, without a word in the plan's findings: the form of the feed is no promise."""
    first, second, third = releases_of(folder, dataset)
    publish(first)
    publish(second)
    old = [field for field in SCHEMA["fields"] if field["name"] != "number"]
    portal.shape(feed_id(dataset), fields=[{"id": field["name"], "info": {"key": ""}} for field in SCHEMA["fields"]],
                 primary_key=[])  # fmt: skip
    portal.shape(feed_id(dataset), aliases=[])
    portal.shape(feed_id(dataset), fields=[{"id": field["name"]} for field in old], delete_fields=True)
    assert "changes" not in {finding.place.resource for finding in make_plan(third, portal).findings}
    publish(third)
    rows = public(portal, "datastore_search", resource_id=feed_id(dataset), sort="release,number")["records"]
    assert [(row["release"], row["number"], row["key"]) for row in rows] == [
        ("1.1.0", 1, "HM0003"), ("1.1.0", 2, "HM0001"), ("1.2.0", 1, "HM0002"),
    ]  # fmt: skip
    assert make_plan(third, portal).kind == "nothing"
