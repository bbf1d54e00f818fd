"""From what was read to what is stored, and to what is told of the rest: pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.devices.contract import Reading
from hub.errors import BadDeviceValue, HubError
from hub.services.devices.readings import Taken
from hub.values import Document, Stream

DAY_MS = 86_400_000
NOT_FINITE = BadDeviceValue("the device holds what is no finite number")
A_TEXT = BadDeviceValue("texts are not stored")


def taken(
    device: int, read: Iterable[tuple[Stream, Reading]], now_ms: int
) -> tuple[list[Taken], Document | None]:
    """What is to be stored, and an error as in ``DeviceState`` for what could not be read.

    Args:
        now_ms: when the answer came, UTC; the time of what the device gives no time of, or one
            that is more than a day away.
    """
    found: list[Taken] = []
    faults: list[tuple[Stream, HubError]] = []
    count = 0
    for stream, reading in read:
        count += 1
        value, quality = reading.value, reading.quality
        if value is None or quality == "bad":
            faults.append((stream, reading.error or NOT_FINITE))
        elif isinstance(value, str):
            faults.append((stream, A_TEXT))
        else:
            at, seen = now_ms, None
            if reading.at is not None:
                at, seen = _at(reading.at, now_ms), now_ms
            found.append(Taken(device, stream, at, float(value), quality, seen))
    return found, _told(faults, count) if faults else None


def _at(given: datetime, now_ms: int) -> int:
    at = int(given.timestamp() * 1000)
    return at if abs(at - now_ms) <= DAY_MS else now_ms


def _told(faults: list[tuple[Stream, HubError]], count: int) -> Document:
    stream, error = faults[0]
    where = f"{len(faults)} of {count} points were not read, {stream.place.path!r} first"
    return {"code": error.code, "message": f"{where}: {error.message}"}
