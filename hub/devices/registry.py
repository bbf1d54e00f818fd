"""Every kind of device that is read and written: how it is checked, and its driver."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hub.devices import options
from hub.devices.contract import Driver, Point
from hub.devices.fenet import address as fenet
from hub.devices.fenet.driver import Fenet
from hub.devices.melsec import address as melsec
from hub.devices.melsec.driver import Melsec
from hub.devices.modbus import address as modbus
from hub.devices.modbus.driver import Modbus
from hub.devices.opcua import address as opcua
from hub.devices.places import Place, check_whole
from hub.errors import Conflict
from hub.values import Device, DeviceKind, Document


def _opcua(device: Device) -> Driver:
    """Imported late: what it stands on takes half a second to load."""
    from hub.devices.opcua.driver import Opcua

    return Opcua(device)


DRIVERS: dict[DeviceKind, Callable[[Device], Driver]] = {
    "modbus": Modbus,
    "opcua": _opcua,
    "melsec": Melsec,
    "fenet": Fenet,
}

KNOWN: dict[DeviceKind, options.Options] = {
    "modbus": modbus.OPTIONS,
    "opcua": opcua.OPTIONS,
    "melsec": melsec.OPTIONS,
    "fenet": fenet.OPTIONS,
}

OPTIONS: dict[DeviceKind, Callable[[Document], Document]] = {
    "modbus": partial(options.completed, modbus.OPTIONS),
    "opcua": opcua.checked,
    "melsec": partial(options.completed, melsec.OPTIONS),
    "fenet": partial(options.completed, fenet.OPTIONS),
}

SECRETS: dict[DeviceKind, tuple[str, ...]] = {
    kind: tuple(name for name, option in known.items() if option.secret)
    for kind, known in KNOWN.items()
}

PLACES: dict[DeviceKind, Callable[[Point, Document], Place]] = {
    "modbus": modbus.place,
    "melsec": melsec.place,
    "fenet": fenet.place,
}

WRITTEN: dict[DeviceKind, Callable[[Place, Point], None]] = {
    "modbus": modbus.check_written,
    "melsec": check_whole,
    "fenet": fenet.check_written,
}


def open_driver(device: Device) -> Driver:
    """A device's driver; nothing is sent yet.

    Raises:
        BadField: its options are not those of its kind.
        Conflict: a device of this kind is not read or written.
    """
    return DRIVERS[_read(device.kind)](device)


def check(kind: DeviceKind, given: Document) -> Document:
    """Options with the defaults of their kind filled in; pure.

    Raises:
        BadField: with all that is wrong, by names as ``options.frame``.
        Conflict: a device of this kind is not read or written.
    """
    return OPTIONS[_read(kind)](given)


def check_point(device: Device, point: Point, *, written: bool = False) -> None:
    """Whether a device of these options may have such a point; pure. Its secrets are not read.

    Args:
        written: it shall be written, too.

    Raises:
        BadAddress: it is not in the grammar of its kind, or not written.
        BadDeviceValue: it has no such type.
        BadField: the options are not those of its kind.
        Conflict: a device of this kind is not read or written.
    """
    kind = _read(device.kind)
    if kind == "opcua":
        opcua.parsed(point.address)
        return
    where = PLACES[kind](point, check(kind, device.options))
    if written:
        WRITTEN[kind](where, point)


def _read(kind: DeviceKind) -> DeviceKind:
    if kind not in DRIVERS:
        raise Conflict(f"a device of kind {kind} is not read or written", kind=kind)
    return kind
