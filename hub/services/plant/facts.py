"""What is told of devices, groups and data streams, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.values import Device, Document, Group, Reach, Stream


def told(at: datetime) -> str:
    """ISO-8601 in UTC with ``Z``; milliseconds only where there are some."""
    precision = "milliseconds" if at.microsecond else "seconds"
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def of_device(device: Device) -> Document:
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
        "options": device.options,
        "description": device.description,
        "tags": device.tags,
        "created": told(device.created),
        "updated": told(device.updated),
    }


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
