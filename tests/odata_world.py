"""Observations, documents and a stream for the tests of the strict OData root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson.int64 import Int64
from pymongo.database import Database

from hub.services import Services
from tests.conftest import Access

CREATED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
DOIS = ("10.25976/aaaa-aa01", "10.25976/bbbb-bb02", "10.25976/cccc-cc03")
CHARACTERISTICS = ("pH", "Temperature, water", "Dissolved oxygen (DO)")


@dataclass(frozen=True)
class World:
    """Two published datasets and one that is not; ``reader`` opens all of them."""

    datasets: tuple[Access, ...]
    reader: str


def observation(number: int, dataset: str, location: int) -> dict[str, Any]:
    """One observation, the same for the same number."""
    row: dict[str, Any] = {
        "_datasetid": dataset,
        "_timestamp": 1_700_000_000 + number,
        "DatasetName": "a dataset",
        "MonitoringLocationID": f"L{location}",
        "ActivityType": "Sample-Routine",
        "ActivityMediaName": "Surface Water",
        "ActivityStartDate": f"20{10 + number % 10}-06-{1 + number % 28:02}",
        "CharacteristicName": CHARACTERISTICS[number % 3],
        "_observation": {
            "Id": Int64(number),
            "LocationId": Int64(location),
            "CreateTimestamp": CREATED,
            "ActivityStartYear": 2010 + number % 10,
        },
    }
    if number % 4:
        row |= {"ResultValue": number / 2, "ResultUnit": "mg/l", "ActivityStartTime": "15:30"}
    else:
        row |= {"ResultDetectionCondition": "Not Detected"}
    if number % 5:
        row["_observation"]["ActivityGroupType"] = "Lab Sample"
    return row


def location(number: int, dataset: str) -> dict[str, Any]:
    return {
        "_id": Int64(number),
        "dataset": dataset,
        "ID": f"L{number}",
        "Name": f"Place {number}",
        "Latitude": 45.0 + number,
        "Longitude": -60.5,
        "MonitoringLocationType": "Lake/Pond" if number % 2 else "River/Stream",
        "RegionId": ["admin.2.ca", "hub.atlantic"] if number % 2 else ["admin.2.ca"],
    }


def made(services: Services, database: Database, numbers: Sequence[int] = range(1, 41)) -> World:
    """Fill a database; the first two datasets share the observations, the third has some too."""
    datasets = tuple(services.datasets.create(f"world {n}") for n in range(3))
    uuids = [one.dataset.uuid for one in datasets]
    for n, uuid in enumerate(uuids):
        change: dict[str, Any] = {
            "kind": "observations",
            "catalogue": {"DOI": DOIS[n], "Version": "1.0.0", "Keywords": ["lake", f"k{n}"]},
        }
        if n < 2:
            change["published"] = CREATED
        database["datasets"].update_one({"_id": uuid}, {"$set": change})
        database["locations"].insert_many([location(10 * n + k, uuid) for k in (1, 2)])
    rows = [observation(k, uuids[k % 2], 10 * (k % 2) + 1 + k % 3 // 2) for k in numbers]
    rows += [observation(k + 1000, uuids[2], 21) for k in range(3)]
    database["documents"].insert_many(rows)
    reader = services.keys.create("reader", ["odata:read", "dataset:read"]).secret
    accesses = tuple(Access(one.dataset.uuid, one.access.secret) for one in datasets)
    return World(accesses, reader)
