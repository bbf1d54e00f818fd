"""Rows that obey the schema, to be spoiled by the tests."""

from __future__ import annotations

from typing import Any

SITE: dict[str, Any] = {
    "DatasetName": "Bow River",
    "MonitoringLocationID": "BOW-01",
    "MonitoringLocationName": "Bow River at Calgary",
    "MonitoringLocationLatitude": 51.05,
    "MonitoringLocationLongitude": -114.07,
    "MonitoringLocationHorizontalCoordinateReferenceSystem": "NAD83",
    "MonitoringLocationType": "River/Stream",
}
FIELD: dict[str, Any] = SITE | {
    "ActivityType": "Field Msr/Obs",
    "ActivityMediaName": "Surface Water",
    "ActivityStartDate": "2021-06-01",
    "CharacteristicName": "Temperature, water",
    "ResultValue": 11.5,
    "ResultUnit": "deg C",
    "ResultValueType": "Actual",
}
LIMIT: dict[str, Any] = {
    "ResultDetectionQuantitationLimitMeasure": 0.01,
    "ResultDetectionQuantitationLimitUnit": "mg/L",
    "ResultDetectionQuantitationLimitType": "Method Detection Level",
}


def row(**changes: Any) -> dict[str, Any]:
    """A good field measurement with these changes; None takes a column away."""
    changed = FIELD | changes
    return {name: value for name, value in changed.items() if value is not None}
