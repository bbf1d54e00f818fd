"""Drivers of devices as they are kept."""

from __future__ import annotations

from dataclasses import replace

from hub.devices.contract import Driver
from hub.devices.registry import open_driver
from hub.services.devices.sealing import Seals
from hub.values import Device


class Drivers:
    """The only place where the secrets of a device are read to be used."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def open(self, device: Device) -> Driver:
        """The driver of a kept device; nothing is sent yet.

        Raises:
            BadField: its options are not those of its kind, or its secrets cannot be read.
            Conflict: a device of this kind is not read or written.
        """
        options = self._seals.opened(device.kind, device.options)
        return open_driver(replace(device, options=options))
