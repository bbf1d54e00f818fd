"""The records of data streams as one: what the plant's door works with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.records.keeping import Keeping
from hub.services.records.statistics import PlantStatistics
from hub.services.records.values import PlantValues


@dataclass(frozen=True, slots=True)
class Records:
    """``keeping`` says for how long they are kept; a batch holds ``batch_max`` values at most."""

    values: PlantValues
    statistics: PlantStatistics
    keeping: Keeping
    batch_max: int
