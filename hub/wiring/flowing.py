"""Streams: registered, written, read, kept downsampled, summed up, and ended."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.retention.enforcing import Enforcing
from hub.services.retention.policies import Rules
from hub.services.retention.retention import Retention
from hub.services.statistics.kept import KeptStatistics
from hub.services.statistics.statistics import Statistics
from hub.services.statistics.steps import Stepping
from hub.services.statistics.summarizing import Summarizing
from hub.services.streams.reading.readings import Readings
from hub.services.streams.reading.records import Records
from hub.services.streams.registry.streams import Streams
from hub.services.streams.upkeep.deriving import Deriving
from hub.services.streams.upkeep.downsample import Downsampling
from hub.services.streams.upkeep.feeding import Archive, Feeding
from hub.services.streams.upkeep.purging import Purging
from hub.services.streams.writing.appending import Appending
from hub.services.streams.writing.placing import Placing
from hub.services.streams.writing.setting import Setting
from hub.services.values import Values
from hub.store.streams import streams as store_streams
from hub.store.streams.kept import KeptPoints
from hub.store.streams.onward import Onward
from hub.store.streams.progress import Progress
from hub.store.streams.recent import RecentPoints
from hub.store.streams.retention import Floors, Policies, Removal
from hub.store.streams.rollups import Rollups
from hub.store.streams.statistics import StatisticStore
from hub.store.streams.sweep import Sweep
from hub.wiring.ground import Ground
from hub.wiring.holding import Held


@dataclass(frozen=True, slots=True)
class Flowing:
    """The services of streams, and what the other doors share with them."""

    rows: store_streams.Streams
    streams: Streams
    appending: Appending
    readings: Readings
    values: Values
    statistics: Statistics
    retention: Retention
    deriving: Deriving
    downsampling: Downsampling
    feeding: Feeding
    purging: Purging


def flowing(ground: Ground, held: Held) -> Flowing:
    mongo, settings = ground.mongo, ground.settings
    rows, progress = store_streams.Streams(mongo), Progress(mongo)
    points, rollups, sums = KeptPoints(mongo), Rollups(mongo), StatisticStore(mongo)
    policies, floors = Policies(mongo), Floors(mongo)
    placing = Placing(points, rows)
    enforcing = Enforcing(policies, floors, rows, points, (Removal(mongo), sums))
    removers = (points.remove_some, rollups.remove_some, sums.remove_some)
    archive = Archive(held.rows, held.documents)
    return Flowing(
        rows,
        Streams(rows, progress, held.datasets, ground.notes, settings.query),
        Appending(placing, held.receipts, settings.ingest.documents_max),
        Readings(points, rollups, ground.permits, settings.stream),
        Values(Records(points, RecentPoints(mongo)), Setting(points, placing)),
        Statistics(
            KeptStatistics(points, sums),
            Stepping(points, rollups, Onward(mongo), Sweep(mongo)),
            Summarizing(points, sums, floors),
        ),
        Retention(Rules(policies, ground.notes), enforcing),
        Deriving(rows, points, rollups, progress),
        Downsampling(rows, points, rollups),
        Feeding(rows, archive, points, progress, settings.query),
        Purging(rows, progress, (*removers, policies.drop, floors.drop)),
    )
