"""Whether a data stream's place is one that its device has."""

from __future__ import annotations

from hub.devices.contract import Point
from hub.devices.registry import DRIVERS, check_point
from hub.errors import BadAddress, BadDeviceValue, BadField
from hub.services.plant.fields import refused
from hub.values import Device, Place


def check(device: Device, place: Place) -> None:
    """Look at the path, type and access mode of a place in this device. Nothing is sent.

    A place without a path is not polled, and a model has no paths: both fit.

    Raises:
        BadField: naming what does not fit.
    """
    if device.kind not in DRIVERS or place.path is None:
        return
    point = Point(place.path, place.type)
    try:
        check_point(device, point)
    except BadAddress as exc:
        raise refused("path", _sentence(exc.message)) from exc
    except BadDeviceValue as exc:
        raise refused("type", _sentence(exc.message)) from exc
    if place.access_mode == "read_write":
        try:
            check_point(device, point, written=True)
        except BadAddress as exc:
            raise refused("access_mode", _sentence(exc.message)) from exc


def fits(device: Device, place: Place) -> bool:
    try:
        check(device, place)
    except BadField:
        return False
    return True


def _sentence(message: str) -> str:
    return f"{message[0].upper()}{message[1:]}."
