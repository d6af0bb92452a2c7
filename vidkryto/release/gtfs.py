"""GTFS of the tables of annexes 27, 55 and 56, which are GTFS under other names.

https://gtfs.org/documentation/schedule/reference/ . The way back, from a feed to the mandated tables, needs no program:
it is the block `reading.columns` of the contracts, and a test holds both to the same names.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkryto.archive import written_atomically

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest time a ZIP can hold: the same tables give the same bytes."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A file of GTFS and the column of the mandated table that each of its fields is."""

    file: str
    fields: Mapping[str, str]
    """Field of GTFS to column."""


FEEDS = {
    "55_agency": Feed(
        "agency.txt",
        {
            "agency_id": "id",
            "agency_name": "name",
            "agency_url": "homepage",
            "agency_timezone": "timezone",
            "agency_lang": "language",
            "agency_phone": "telephone",
            "agency_email": "email",
            "agency_fare_url": "fareUrl",
        },
    ),
    "27_stops": Feed(
        "stops.txt",
        {
            "stop_id": "uid",
            "stop_code": "code",
            "stop_name": "label",
            "stop_desc": "description",
            "stop_lat": "lat",
            "stop_lon": "lon",
            "zone_id": "zoneId",
            "stop_url": "url",
            "location_type": "type",
            "parent_station": "parentStation",
            "stop_timezone": "timezone",
            "wheelchair_boarding": "wheelchairBoarding",
        },
    ),
    "55_routes": Feed(
        "routes.txt",
        {
            "route_id": "uid",
            "agency_id": "agencyId",
            "route_short_name": "shortName",
            "route_long_name": "fullName",
            "route_desc": "description",
            "route_type": "type",
            "route_url": "homepage",
            "route_color": "colour",
            "route_text_color": "textColour",
            "route_sort_order": "sortOrder",
        },
    ),
    "55_shapes": Feed(
        "shapes.txt",
        {
            "shape_id": "uid",
            "shape_pt_lat": "lat",
            "shape_pt_lon": "lon",
            "shape_pt_sequence": "sequence",
            "shape_dist_traveled": "distanceTraveled",
        },
    ),
    "56_calendar": Feed(
        "calendar.txt",
        {
            "service_id": "serviceUid",
            **{day: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")},
            "start_date": "startDate",
            "end_date": "endDate",
        },
    ),
    "56_calendarDates": Feed(
        "calendar_dates.txt", {"service_id": "serviceUid", "date": "date", "exception_type": "exceptionType"}
    ),
    "56_trips": Feed(
        "trips.txt",
        {
            "route_id": "routeuid",
            "service_id": "serviceUid",
            "trip_id": "uid",
            "trip_headsign": "eadsign",
            "direction_id": "directionId",
            "block_id": "blockId",
            "shape_id": "shapeuid",
        },
    ),
    "56_stopTimes": Feed(
        "stop_times.txt",
        {
            "trip_id": "tripUid",
            "arrival_time": "arrivalTime",
            "departure_time": "departureTime",
            "stop_id": "stopId",
            "stop_sequence": "stopSequence",
            "stop_headsign": "stopHeadsign",
            "pickup_type": "pickupType",
            "drop_off_type": "dropOffType",
            "shape_dist_traveled": "shapeDistTraveled",
            "timepoint": "timepoint",
        },
    ),
}
"""By the key of the mandated table, in the order of the feed."""

REQUIRED = ("55_agency", "27_stops", "55_routes", "56_trips", "56_stopTimes")
"""Tables without which a feed is none; and one of the two calendars."""

_DATES = ("startDate", "endDate", "date")
_COLOURS = ("colour", "textColour")


def write_gtfs(tables: Mapping[str, Any], path: Path) -> None:
    """Write the feed of these tables (by key, as Arrow tables of canonical text) to the ZIP `path`.

    A column that is empty throughout is left out, as GTFS likes it. Raises ValueError that names what is missing.
    """
    lacking = [key for key in REQUIRED if key not in tables]
    if not {"56_calendar", "56_calendarDates"} & set(tables):
        lacking.append("56_calendar or 56_calendarDates")
    if lacking:
        raise ValueError(f"a GTFS feed needs {', '.join(lacking)}")
    with written_atomically(path) as part, zipfile.ZipFile(part, "w") as archive:
        for key, feed in FEEDS.items():
            if key in tables:
                member = zipfile.ZipInfo(feed.file, MOMENT)
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, _file(tables[key], feed))


def _file(table: Any, feed: Feed) -> bytes:
    held = set(table.column_names)
    fields = {
        field: column
        for field, column in feed.fields.items()
        if column in held and table[column].null_count < table.num_rows
    }
    cells = [[_cell(column, value) for value in table[column].to_pylist()] for column in fields.values()]
    return _csv(fields, zip(*cells, strict=True))


def _cell(column: str, value: Any) -> str:
    """A value in the spelling of GTFS: dates without hyphens, colours as six digits and else not at all."""
    text = "" if value is None else str(value)
    if column in _DATES:
        return text.replace("-", "")
    if column in _COLOURS:
        bare = text.removeprefix("#")
        return bare if len(bare) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in bare) else ""
    return text


def _csv(fields: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    return stream.getvalue().encode()
