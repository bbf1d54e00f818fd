"""AI devices: models that are uploaded, and what scores by them."""

from __future__ import annotations

from hub.services.ai.ai import Ai
from hub.services.ai.fits import Fitting
from hub.services.ai.inferring import Inferring, Sites
from hub.services.ai.standing import Standing
from hub.services.ai.telling import Telling
from hub.services.ai.uploading import Uploading
from hub.store.plant.devices import Devices
from hub.store.plant.event_logs import EventLogStore
from hub.store.plant.models import Models
from hub.store.streams.points import PointStore
from hub.store.streams.recent import RecentPoints
from hub.wiring.flowing import Flowing
from hub.wiring.ground import Ground
from hub.wiring.planted import Planted


def modelled(ground: Ground, flowing: Flowing, site: Planted) -> Ai:
    mongo, counters = ground.mongo, ground.counters
    models, devices, recent = Models(mongo), Devices(mongo, counters), RecentPoints(mongo)
    sites = Sites(devices, flowing.rows, PointStore(mongo), flowing.values.setting)
    telling = Telling(EventLogStore(mongo, counters), devices)
    return Ai(
        Uploading(site.plant, models, flowing.rows, recent, ground.notes),
        Inferring(models, sites, telling, Standing(site.states)),
        Fitting(site.plant.data, recent),
    )
