"""The demo's own devices, found again by their names."""

from __future__ import annotations

from hub.cli.stream import ADMIN
from hub.services import Services
from hub.values import Device

ALL = 10_000
"""How many devices are read at a time."""


def device_named(services: Services, name: str) -> Device | None:
    """The device of a name; None if there is none."""
    after, more = 0, True
    while more:
        devices, more = services.plant.devices.page(ADMIN, after=after, limit=ALL)
        for device in devices:
            if device.name == name:
                return device
            after = device.id
    return None
