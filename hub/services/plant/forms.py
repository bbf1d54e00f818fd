"""The forms in which devices and groups are described in JSON: names, bounds, defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar, get_args

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.services.plant.fields import (
    Flag,
    Id,
    Name,
    Number,
    Tags,
    Text,
    Whole,
    checked,
    refusal,
    refused,
)
from hub.values import Device, DeviceKind, Document

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?", re.ASCII)
INTERVAL_S = (0.05, 86_400.0)
TIMEOUT_S = (0.1, 60.0)
MEMBERS_MAX = 10_000


class Host(Text):
    """A name or an address of a machine: no scheme, no port."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if not HOST.fullmatch(read) and not _is_address(read):
            raise ValidationError("Must be a host name, or an IPv4 or IPv6 address.")
        return read


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Object(fields.Field[Document]):
    told_as: ClassVar[Document] = {"type": "object"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        return value


def _one_of(*names: str, **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(names), **options)


class ModbusOptions(Schema):
    """``word_order``: which word of a longer value comes first; ``byte_swap``: within each word."""

    class Meta:
        unknown = RAISE

    framing = _one_of("tcp", "rtu", load_default="tcp")
    word_order = _one_of("big", "little", load_default="big")
    byte_swap = Flag(load_default=False)


class OpcUaOptions(Schema):
    """``path``: what stands behind host and port in the endpoint's URL."""

    class Meta:
        unknown = RAISE

    path = Text(most=500, load_default="/")


class MelsecOptions(Schema):
    """The route to the controller, and how it writes its device numbers."""

    class Meta:
        unknown = RAISE

    frame = _one_of("3E", "4E", load_default="3E")
    series = _one_of("q", "l", "iqf", "iqr", load_default="q")
    network = Whole(0, 255, load_default=0)
    pc = Whole(0, 255, load_default=255)
    module_io = Whole(0, 65_535, load_default=1023)
    station = Whole(0, 255, load_default=0)
    xy_radix = _one_of("hex", "oct", load_default="hex")
    zr_radix = _one_of("dec", "hex", load_default="dec")


class FenetOptions(Schema):
    """The controller's family, and where its Ethernet module sits."""

    class Meta:
        unknown = RAISE

    cpu = _one_of("xgk", "xgi", "xgr", "xgb_mk", "xgb_iec", load_default="xgk")
    base = Whole(0, 15, load_default=0)
    slot = Whole(0, 15, load_default=0)


class AiOptions(Schema):
    """``threshold``: from which score on a value is an anomaly."""

    class Meta:
        unknown = RAISE

    model_type = _one_of("cnn_ae", "lstm_ae", "sisvae", load_default=None, allow_none=True)
    threshold = Number(-1e300, 1e300, load_default=None, allow_none=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a device of a kind needs: a host or none, a port, a unit, its options."""

    options: Schema
    machine: bool = True
    port: int | None = None
    unit: int | None = None


KINDS: dict[DeviceKind, Kind] = {
    "modbus": Kind(options=ModbusOptions(), port=502, unit=1),
    "opcua": Kind(options=OpcUaOptions(), port=4840),
    "melsec": Kind(options=MelsecOptions()),
    "fenet": Kind(options=FenetOptions(), port=2004),
    "ai": Kind(options=AiOptions(), machine=False),
}


class DeviceSchema(Schema):
    class Meta:
        unknown = RAISE

    name = Name(required=True)
    kind = _one_of(*get_args(DeviceKind), required=True)
    host = Host(1, 253, load_default=None, allow_none=True)
    port = Whole(1, 65_535, load_default=None, allow_none=True)
    unit = Whole(0, 255, load_default=None, allow_none=True)
    enabled = Flag(load_default=True)
    poll_interval = Number(*INTERVAL_S, load_default=1.0, attribute="poll_interval_s")
    timeout = Number(*TIMEOUT_S, load_default=4.0, attribute="timeout_s")
    options = Object(load_default=dict)
    description = Text(load_default="")
    tags = Tags(load_default=dict)


class GroupSchema(Schema):
    class Meta:
        unknown = RAISE

    name = Name(required=True)
    description = Text(load_default="")
    data = fields.List(Id(), load_default=list, validate=validate.Length(0, MEMBERS_MAX))


DEVICE = DeviceSchema()
GROUP = GroupSchema()


def device(body: Any) -> dict[str, Any]:
    """The fields of a new device by their names in ``Device``, those of its kind filled in.

    Raises:
        BadField: with what is wrong.
    """
    return _of_its_kind(checked(body, DEVICE))


def replaced(old: Device, body: Any) -> dict[str, Any]:
    """As ``device``, for one that is there; what cannot be changed may come back."""
    return _of_its_kind(checked(body, DEVICE, told=_told(old)))


def changed(old: Device, body: Any) -> dict[str, Any]:
    """The fields of a device after some were changed.

    Options are changed one by one, and one that is null goes back to its default. Those of
    another kind, its port and its unit begin anew.
    """
    given = checked(body, DEVICE, partial=True, told=_told(old))
    fields = {name: getattr(old, name) for name in _NAMES}
    if given.get("kind", old.kind) != old.kind:
        fields |= {"port": None, "unit": None, "options": {}}
    given["options"] = fields["options"] | given.get("options", {})
    return _of_its_kind(fields | given)


_NAMES = tuple(each.attribute or name for name, each in DEVICE.fields.items())


def _told(old: Device) -> dict[str, Any]:
    return {"id": old.id, "created": None, "updated": None}


def _of_its_kind(given: dict[str, Any]) -> dict[str, Any]:
    """The fields with those of the device's kind, checked by it."""
    kind = KINDS[given["kind"]]
    if kind.machine and given["host"] is None:
        raise refused("host", "Missing data for required field.")
    port, unit = given["port"], given["unit"]
    if kind.machine and port is None and kind.port is None:
        raise refused("port", "Missing data for required field.")
    for name, value, takes in (
        ("host", given["host"], kind.machine),
        ("port", port, kind.machine),
        ("unit", unit, kind.unit is not None),
    ):
        if value is not None and not takes:
            raise refused(name, f"A device of kind {given['kind']} has none.")
    return given | {
        "port": kind.port if port is None else port,
        "unit": kind.unit if unit is None else unit,
        "options": _options(kind, given["options"]),
    }


def _options(kind: Kind, given: Document) -> Document:
    known = kind.options.fields
    named = {name: v for name, v in given.items() if v is not None or name not in known}
    try:
        read: Document = kind.options.load(named)
    except ValidationError as exc:
        raise refusal({"options": exc.messages_dict}) from exc
    return read
