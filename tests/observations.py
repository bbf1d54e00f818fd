"""Rows of observations for tests."""

from __future__ import annotations

from typing import Any

ROW: dict[str, Any] = {
    "DatasetName": "Bow River",
    "MonitoringLocationID": "BOW-01",
    "MonitoringLocationName": "Bow River at Carseland",
    "MonitoringLocationLatitude": 50.83,
    "MonitoringLocationLongitude": -113.42,
    "MonitoringLocationHorizontalCoordinateReferenceSystem": "NAD83",
    "MonitoringLocationType": "River/Stream",
    "ActivityType": "Field Msr/Obs",
    "ActivityMediaName": "Surface Water",
    "ActivityStartDate": "2021-07-05",
    "ActivityStartTime": "10:30",
    "ActivityStartTimeZone": "-06:00",
    "CharacteristicName": "Temperature, water",
    "ResultValue": 14.2,
    "ResultUnit": "deg C",
    "ResultValueType": "Actual",
}
"""A field measurement that breaks no rule."""


def row(**columns: Any) -> dict[str, Any]:
    """The row with some columns changed; None leaves one out."""
    changed = ROW | columns
    return {name: value for name, value in changed.items() if value is not None}


def at(site: str, **columns: Any) -> dict[str, Any]:
    """The row at another place."""
    place = {"MonitoringLocationID": site, "MonitoringLocationName": f"Site {site}"}
    return row(**(place | columns))
