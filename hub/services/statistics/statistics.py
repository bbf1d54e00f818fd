"""All that there is to do with statistics."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.statistics.kept import KeptStatistics
from hub.services.statistics.steps import Stepping
from hub.services.statistics.summarizing import Summarizing


@dataclass(frozen=True, slots=True)
class Statistics:
    """``kept`` reads and posts records, ``stepping`` makes buckets of any duration, and
    ``summarizing`` is the worker's part, and says how long windows are."""

    kept: KeptStatistics
    stepping: Stepping
    summarizing: Summarizing
