"""What follows from a row: its year, the group of its activity, and its location."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.observations.columns import NAMES
from hub.observations.tables import load
from hub.observations.wgs84 import to_wgs84

_PREFIX = "MonitoringLocation"
_TYPE = "MonitoringLocationType"
_DATUM = "HorizontalCoordinateReferenceSystem"
_LOCATION_COLUMNS = tuple(
    (column, column if column == _TYPE else column.removeprefix(_PREFIX))
    for column in NAMES
    if column.startswith(_PREFIX)
)
_ACTIVITIES = load("activity_groups.json")


@dataclass(frozen=True, slots=True)
class Derived:
    """``location`` has the keys of the collection ``locations`` that come from a row."""

    year: int
    group: str | None
    location: dict[str, Any]


def derive(row: Mapping[str, Any]) -> Derived:
    """What follows from a row in which ``check`` found no error."""
    year = int(row["ActivityStartDate"][:4])
    return Derived(year, activity_group(row["ActivityType"]), location(row))


@lru_cache(maxsize=1024)
def activity_group(activity_type: str) -> str | None:
    """The group of an activity type, by its name or how it begins; None for an unknown one."""
    named: dict[str, str] = _ACTIVITIES["named"]
    if activity_type in named:
        return named[activity_type]
    return next(
        (group for start, group in _ACTIVITIES["beginnings"] if activity_type.startswith(start)),
        None,
    )


def location(row: Mapping[str, Any]) -> dict[str, Any]:
    """The location as stated (what is absent stays so) and in WGS84, with a GeoJSON point."""
    found = {short: row[column] for column, short in _LOCATION_COLUMNS if column in row}
    latitude, longitude = to_wgs84(found["Latitude"], found["Longitude"], found[_DATUM])
    return found | {
        "LatitudeNormalized": latitude,
        "LongitudeNormalized": longitude,
        f"{_DATUM}Normalized": "WGS84",
        "point": {"type": "Point", "coordinates": [longitude, latitude]},
    }
