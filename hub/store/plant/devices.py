"""Devices: a row has the fields of ``Device``."""

from __future__ import annotations

from hub.store.named import Named
from hub.values import Device


class Devices(Named[Device]):
    noun = "device"
    kind = Device
