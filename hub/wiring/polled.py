"""What polling brings, on its way into the streams."""

from __future__ import annotations

from hub.services.devices.outages import Outages
from hub.services.devices.readings import Sink
from hub.services.devices.storing import Storing
from hub.services.streams.writing.placing import Placing
from hub.store.plant.event_logs import EventLogStore
from hub.store.streams.kept import KeptPoints
from hub.store.streams.polled import PolledPoints
from hub.wiring.flowing import Flowing
from hub.wiring.ground import Ground

FOLDER = "polled"
"""In the folder of the data: what waits for the database."""


def sink(ground: Ground, flowing: Flowing) -> Sink:
    mongo, settings = ground.mongo, ground.settings
    placing = Placing(KeptPoints(mongo), flowing.rows)
    outages = Outages(EventLogStore(mongo, ground.counters))
    storing = Storing(PolledPoints(mongo), flowing.rows, placing)
    return Sink(storing, outages, settings.data_dir / FOLDER, settings.polling)
