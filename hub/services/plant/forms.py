"""The forms in which devices and groups are described in JSON: names, bounds, defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar, get_args

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.services.plant import options
from hub.services.plant.fields import (
    Flag,
    Id,
    Name,
    Number,
    Tags,
    Text,
    Whole,
    checked,
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


class Options(fields.Field[Document]):
    """An object; what is in it depends on the kind."""

    told_as: ClassVar[Document] = {
        "anyOf": [options.described(kind) for kind in get_args(DeviceKind)]
    }

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Document:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object.")
        return value


def _one_of(*names: str, **options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(names), **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a device of a kind needs: a host or none, a port, a unit."""

    machine: bool = True
    port: int | None = None
    unit: int | None = None


KINDS: dict[DeviceKind, Kind] = {
    "modbus": Kind(port=502, unit=1),
    "opcua": Kind(port=4840),
    "melsec": Kind(),
    "fenet": Kind(port=2004),
    "ai": Kind(machine=False),
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
    options = Options(load_default=dict)
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
    return _of_its_kind(checked(body, DEVICE), {})


def replaced(old: Device, body: Any) -> dict[str, Any]:
    """As ``device``, for one that is there; what cannot be changed may come back.

    Args:
        old: with its secrets as they were given.
    """
    given = checked(body, DEVICE, told=_told(old))
    return _of_its_kind(given, old.options if given["kind"] == old.kind else {})


def changed(old: Device, body: Any) -> dict[str, Any]:
    """The fields of a device after some were changed.

    Options are changed one by one, and one that is null goes back to its default. Those of
    another kind, its port and its unit begin anew.

    Args:
        old: with its secrets as they were given.
    """
    given = checked(body, DEVICE, partial=True, told=_told(old))
    fields = {name: getattr(old, name) for name in _NAMES}
    if given.get("kind", old.kind) != old.kind:
        fields |= {"port": None, "unit": None, "options": {}}
    kept = fields["options"]
    given["options"] = kept | given.get("options", {})
    return _of_its_kind(fields | given, kept)


_NAMES = tuple(each.attribute or name for name, each in DEVICE.fields.items())


def _told(old: Device) -> dict[str, Any]:
    return {"id": old.id, "created": None, "updated": None, "state": None}


def _of_its_kind(given: dict[str, Any], kept: Document) -> dict[str, Any]:
    """The fields with those of the device's kind, checked by it.

    Args:
        kept: the options that the device has of this kind.
    """
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
        "options": options.checked(given["kind"], given["options"], kept),
    }
