"""The use cases, bundled for whoever has a request or a job to do."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.ai.ai import Ai
from hub.services.datasets import Datasets
from hub.services.devices.direct import Direct
from hub.services.devices.opening import Drivers
from hub.services.devices.readings import Sink
from hub.services.events.events import Events
from hub.services.health import Health
from hub.services.ingest import Ingest
from hub.services.keys import Keys
from hub.services.observing.catalogue import Catalogue
from hub.services.observing.importing import Importing
from hub.services.observing.rebuild import Rebuilding
from hub.services.observing.regions import Regions
from hub.services.odata.datastream import DataStream
from hub.services.odata.rates import Rates
from hub.services.odata.strict.service import StrictOData
from hub.services.people import People
from hub.services.plant.plant import Plant
from hub.services.queries import Queries
from hub.services.rates import Limits
from hub.services.records.records import Records
from hub.services.retention.retention import Retention
from hub.services.series import Series
from hub.services.statistics.statistics import Statistics
from hub.services.streams.reading.readings import Readings
from hub.services.streams.registry.streams import Streams
from hub.services.streams.upkeep.deriving import Deriving
from hub.services.streams.upkeep.downsample import Downsampling
from hub.services.streams.upkeep.feeding import Feeding
from hub.services.streams.upkeep.purging import Purging
from hub.services.streams.writing.appending import Appending
from hub.services.system import System
from hub.services.values import Values
from hub.store.access.audit import Audit
from hub.store.leases import Leases
from hub.store.plant.device_calls import DeviceCalls
from hub.store.plant.device_states import DeviceStates
from hub.store.plant.roster import RosterStore
from hub.store.plant.workers import Workers


@dataclass(frozen=True, slots=True)
class Services:
    ai: Ai
    appending: Appending
    audit: Audit
    catalogue: Catalogue
    datasets: Datasets
    datastream: DataStream
    deriving: Deriving
    device_calls: DeviceCalls
    device_states: DeviceStates
    direct: Direct
    downsampling: Downsampling
    drivers: Drivers
    events: Events
    feeding: Feeding
    health: Health
    importing: Importing
    ingest: Ingest
    keys: Keys
    leases: Leases
    limits: Limits
    people: People
    plant: Plant
    purging: Purging
    queries: Queries
    rates: Rates
    readings: Readings
    rebuilding: Rebuilding
    records: Records
    regions: Regions
    retention: Retention
    roster: RosterStore
    series: Series
    sink: Sink
    statistics: Statistics
    streams: Streams
    strict_odata: StrictOData
    system: System
    values: Values
    workers: Workers
