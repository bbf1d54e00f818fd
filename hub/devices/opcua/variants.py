"""Values of OPC UA as those of the hub, and back: pure."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncua import ua

from hub.devices.contract import Quality, Reading, Value
from hub.devices.types import whole
from hub.errors import BadDeviceValue, DeviceRefused

Type = ua.VariantType
WHOLE: dict[ua.VariantType, tuple[int, int]] = {
    Type.SByte: (-(2**7), 2**7 - 1),
    Type.Byte: (0, 2**8 - 1),
    Type.Int16: (-(2**15), 2**15 - 1),
    Type.UInt16: (0, 2**16 - 1),
    Type.Int32: (-(2**31), 2**31 - 1),
    Type.UInt32: (0, 2**32 - 1),
    Type.Int64: (-(2**63), 2**63 - 1),
    Type.UInt64: (0, 2**64 - 1),
}
REAL = {Type.Float: "<f", Type.Double: "<d"}
TEXT_CHARS_MAX = 65_536
YEAR_MIN = 1970
SHOWN: dict[type[Any], Callable[[Any], str]] = {
    datetime: lambda at: _utc(at).isoformat().replace("+00:00", "Z"),
    UUID: str,
    bytes: lambda data: base64.b64encode(data).decode("ascii"),
    ua.LocalizedText: lambda text: text.Text or "",
    ua.QualifiedName: lambda name: f"{name.NamespaceIndex}:{name.Name}",
    ua.NodeId: lambda node: str(node.to_string()),
    ua.StatusCode: lambda status: str(status.name),
}
"""What is no number, boolean or text and is read as a text."""
GOOD, UNCERTAIN = 0, 1


def reading(found: ua.DataValue) -> Reading:
    """What was read of a node. Its status is the quality, its source's time the time."""
    status = 0 if found.StatusCode is None else found.StatusCode.value
    severity = status >> 30
    if severity not in (GOOD, UNCERTAIN):
        return Reading.failed(refusal(status))
    quality: Quality = "good" if severity == GOOD else "uncertain"
    at = _time(found.SourceTimestamp)
    variant = found.Value
    value = None if variant is None else plain(variant)
    if value is None:
        error = BadDeviceValue("the node holds no number, no boolean and no text")
        return Reading(None, "bad", error, at)
    if isinstance(value, float) and not math.isfinite(value):
        return Reading(None, "uncertain", None, at)
    return Reading(value, quality, None, at)


def plain(variant: ua.Variant) -> Value | None:
    """A single value as one of the hub; None if it is none: empty, an array, a structure."""
    value = variant.Value
    for kind, shown in SHOWN.items():
        if isinstance(value, kind):
            return shown(value)
    return value if isinstance(value, (bool, int, float, str)) else None


def variant(type_: ua.VariantType, value: object) -> ua.Variant:
    """A value as a node of this type takes it.

    Raises:
        BadDeviceValue: it does not fit, or nothing of this type is written.
    """
    fits = False
    if type_ in WHOLE:
        low, high = WHOLE[type_]
        value = whole(value)
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    elif type_ in REAL:
        fits = _is_real(REAL[type_], value)
        value = float(value) if fits else value  # type: ignore[arg-type]
    elif type_ == Type.Boolean:
        value = whole(value)
        fits = isinstance(value, int) and value in (0, 1)
        value = bool(value)
    elif type_ == Type.String:
        fits = isinstance(value, str) and len(value) <= TEXT_CHARS_MAX
    if not fits:
        raise BadDeviceValue(f"the node holds {type_.name}, and not this", type=type_.name)
    return ua.Variant(value, type_)


def refusal(status: int) -> DeviceRefused:
    """The error of a bad status."""
    name = ua.StatusCode(ua.UInt32(status)).name
    return DeviceRefused(f"the server refused: {name}", device_code=f"0x{status:08X}", reason=name)


def _is_real(form: str, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        struct.pack(form, value)
    except (OverflowError, struct.error):
        return False
    return math.isfinite(value)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _time(at: datetime | None) -> datetime | None:
    """A device's time, None if it has none that can be meant."""
    return None if at is None or at.year < YEAR_MIN else _utc(at)


def node_id(id_: int | str | UUID | bytes, namespace: int = 0) -> ua.NodeId:
    """A node's id, of the kind that its Python type stands for."""
    return ua.NodeId(id_, namespace)  # type: ignore[arg-type]
