"""What is told of devices, groups and data streams, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from hub.services.plant import options
from hub.values import Device, DeviceState, Document, Group, Reach, Stream

BYTES = 500
"""About what is told of anything, beside what may be large."""


def told(at: datetime) -> str:
    """ISO-8601 in UTC with ``Z``; milliseconds only where there are some."""
    precision = "milliseconds" if at.microsecond else "seconds"
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def of_device(device: Device, state: DeviceState | None = None) -> Document:
    """``state`` is that of its polling, None where it was never polled. No secret is told."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": device.kind,
        "host": device.host,
        "port": device.port,
        "unit": device.unit,
        "enabled": device.enabled,
        "poll_interval": device.poll_interval_s,
        "timeout": device.timeout_s,
        "options": options.told(device.kind, device.options),
        "description": device.description,
        "tags": device.tags,
        "created": told(device.created),
        "updated": told(device.updated),
        "state": _of_state(device, state),
    }


def _of_state(device: Device, state: DeviceState | None) -> Document:
    """Where nobody polls a device it is not known whether it is up, nor since when."""
    none = DeviceState(device=device.id, since=device.created, counted_from=device.created)
    last = state or none
    polled = device.enabled and last.worker is not None and last.status != "unknown"
    unpolled = "unknown" if device.enabled else "disabled"
    return {
        "status": last.status if polled else unpolled,
        "since": told(last.since) if polled else None,
        "last_good": _moment(last.last_good),
        "last_error": _of_error(last.error),
        "latency_ms": last.latency_ms,
        "polls": last.polls,
        "missed": last.missed,
        "counted_from": _moment(state.counted_from if state else None),
        "worker": last.worker,
    }


def _of_error(error: Document | None) -> Document | None:
    if error is None:
        return None
    return {"code": error["code"], "message": error["message"], "at": told(error["at"])}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else told(at)


def device_size(device: Device) -> int:
    """About how many bytes of JSON a device is told in."""
    return BYTES + len(orjson.dumps((device.tags, device.description))) + len(str(device.options))


def data_size(stream: Stream) -> int:
    """About how many bytes of JSON a data stream is told in."""
    return BYTES + len(orjson.dumps((stream.tags, stream.place.metadata)))


def of_group(group: Group, members: Sequence[int]) -> Document:
    """``members`` are the data streams of it that may be told."""
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "data": list(members),
        "created": told(group.created),
        "updated": told(group.updated),
    }


def of_data(stream: Stream, reach: Reach) -> Document:
    """A device that is not within ``reach`` is not told."""
    place = stream.place
    seen = place.device is not None and reach.opens_device(place.device)
    return {
        "id": stream.id,
        "uuid": stream.uuid,
        "name": stream.name,
        "device": place.device if seen else None,
        "path": place.path,
        "type": place.type,
        "access_mode": place.access_mode,
        "group": place.group,
        "unit": place.unit,
        "enabled": place.enabled,
        "poll_interval": place.poll_interval_s,
        "on_change": place.on_change,
        "deadband": place.deadband,
        "heartbeat": place.heartbeat_s,
        "metadata": place.metadata,
        "tags": stream.tags,
        "value_type": stream.value_type,
        "public": stream.public,
        "created": told(stream.created),
    }
