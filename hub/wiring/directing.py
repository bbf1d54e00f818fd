"""Devices that are read and written at once."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.devices.direct import Direct, Shared
from hub.store.leases import Leases
from hub.store.plant.device_calls import DeviceCalls
from hub.store.plant.workers import Workers
from hub.wiring.ground import Ground
from hub.wiring.planted import Planted


@dataclass(frozen=True, slots=True)
class Directed:
    direct: Direct
    calls: DeviceCalls


def directed(ground: Ground, site: Planted) -> Directed:
    calls = DeviceCalls(ground.mongo)
    shared = Shared(Leases(ground.mongo), calls, Workers(ground.mongo))
    return Directed(Direct(site.plant.devices, site.drivers, shared, ground.notes), calls)
