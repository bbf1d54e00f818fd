"""What is to be polled, looked at every second by a worker: cheap as long as nothing changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import get_args

from pymongo import timeout

from hub.store.client import Mongo, translated
from hub.store.streams.stream_rows import stream_of
from hub.values import Device, DeviceKind, Stream

POLLED = tuple(kind for kind in get_args(DeviceKind) if kind != "ai")
LATE = timedelta(seconds=5)
"""By how much a change may show later than another of a greater time."""
LIMIT_S = 10.0
EPOCH = datetime.fromtimestamp(0, UTC)


class RosterStore:
    def __init__(self, mongo: Mongo) -> None:
        self._devices = mongo.db["devices"]
        self._streams = mongo.db["streams"]

    def revisions(self) -> dict[int, int]:
        """The devices of kinds that are polled, and how often each was changed."""
        with timeout(LIMIT_S), translated():
            rows = self._devices.find({"kind": {"$in": POLLED}}, {"revision": 1})
            return {int(row["_id"]): int(row["revision"]) for row in rows}

    def devices(self, ids: Collection[int]) -> list[Device]:
        """Those that there are."""
        with timeout(LIMIT_S), translated():
            rows = list(self._devices.find({"_id": {"$in": list(ids)}}, {"used": 0}))
        return [Device(id=int(row.pop("_id")), **row) for row in rows]

    def streams(self, devices: Collection[int]) -> list[Stream]:
        """What is to be polled of some devices, in order of creation."""
        wanted = {
            "device": {"$in": list(devices)},
            "deleted": None,
            "enabled": {"$ne": False},
            "path": {"$type": "string"},
        }
        with timeout(LIMIT_S), translated():
            return [stream_of(row) for row in self._streams.find(wanted).sort("_id", 1)]

    def mark(self) -> tuple[int, datetime]:
        """Where to look for changes from: the last stream there is, and the last touch."""
        with timeout(LIMIT_S), translated():
            last = self._streams.find_one({}, {"_id": 1}, sort=[("_id", -1)])
            touched = self._streams.find_one(
                {"touched": {"$gt": EPOCH}}, {"touched": 1}, sort=[("touched", -1)]
            )
        return int(last["_id"]) if last else 0, touched["touched"] if touched else EPOCH

    def changed(self, mark: tuple[int, datetime]) -> list[tuple[int, int | None, datetime]]:
        """The streams that were made or touched since: id, device, and when it was touched.

        Those that were touched shortly before come again and again. A stream that was not
        touched yet has the time of the mark.
        """
        last, touched = mark
        since = {"$or": [{"_id": {"$gt": last}}, {"touched": {"$gt": touched - LATE}}]}
        with timeout(LIMIT_S), translated():
            rows = self._streams.find(since, {"device": 1, "touched": 1})
            return [
                (int(row["_id"]), row.get("device"), row.get("touched", touched)) for row in rows
            ]
