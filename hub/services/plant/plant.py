"""The plant as one: what its doors and the command line work with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.plant.data import Data
from hub.services.plant.devices import Devices
from hub.services.plant.groups import Groups


@dataclass(frozen=True, slots=True)
class Plant:
    data: Data
    devices: Devices
    groups: Groups
