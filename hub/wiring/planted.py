"""The plant: devices, groups, data streams, their records, and event logs."""

from __future__ import annotations

from dataclasses import dataclass

from hub.fetching.fetcher import Fetcher
from hub.services.devices.opening import Drivers
from hub.services.devices.sealing import KEY_BYTES, Seals
from hub.services.events.event_logs import EventLogs
from hub.services.events.events import Events
from hub.services.events.processing import AT_ONCE, Processing
from hub.services.permits import Permits
from hub.services.plant.belonging import Belonging
from hub.services.plant.data import Data
from hub.services.plant.devices import Devices, Polled
from hub.services.plant.groups import Groups
from hub.services.plant.pages import Pages
from hub.services.plant.plant import Plant
from hub.services.records.keeping import Keeping
from hub.services.records.records import Records
from hub.services.records.statistics import PlantStatistics
from hub.services.records.values import PlantValues
from hub.services.records.wishes import Seeing
from hub.store.plant import devices as store_devices
from hub.store.plant import groups as store_groups
from hub.store.plant.device_states import DeviceStates
from hub.store.plant.event_logs import EventLogStore
from hub.store.streams.sweep import Sweep
from hub.wiring.flowing import Flowing
from hub.wiring.ground import Ground


@dataclass(frozen=True, slots=True)
class Planted:
    """The services of the plant."""

    plant: Plant
    records: Records
    events: Events
    states: DeviceStates
    drivers: Drivers


def planted(ground: Ground, flowing: Flowing) -> Planted:
    belonging = _belonging(ground, flowing)
    notes, answer = ground.notes, ground.settings.answer
    data = Data(belonging, flowing.streams, Pages(answer.page_bytes_max), notes)
    seals = Seals(ground.derived(b"hub-devices", KEY_BYTES))
    polled = Polled(DeviceStates(ground.mongo), seals)
    devices = Devices(belonging, data, flowing.streams, polled, notes)
    groups = Groups(belonging.groups, belonging.streams, notes)
    seeing = Seeing(data, flowing.rows)
    records = Records(
        PlantValues(seeing, flowing.values, Sweep(ground.mongo), ground.permits, answer),
        PlantStatistics(seeing, flowing.statistics, ground.permits, answer),
        Keeping(seeing, flowing.retention.rules),
        ground.settings.ingest.documents_max,
    )
    plant = Plant(data, devices, groups)
    return Planted(plant, records, _events(ground, belonging), polled.states, Drivers(seals))


def _belonging(ground: Ground, flowing: Flowing) -> Belonging:
    mongo, counters = ground.mongo, ground.counters
    devices, groups = store_devices.Devices(mongo, counters), store_groups.Groups(mongo, counters)
    return Belonging(flowing.rows, devices, groups, EventLogStore(mongo, counters))


def _events(ground: Ground, belonging: Belonging) -> Events:
    fetch, notes = ground.settings.fetch, ground.notes
    stored, devices = belonging.event_logs, belonging.devices
    logs = EventLogs(stored, devices, notes, ground.permits, ground.settings.answer)
    processing = Processing(logs, Fetcher(fetch), Permits(AT_ONCE), notes, fetch.timeout_s)
    return Events(logs, processing)
