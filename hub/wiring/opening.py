"""A hub, opened: the database connected, the services built over it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from hub.query.odata.skiptoken import SkipTokens
from hub.services import Services
from hub.services.odata.datastream import DataStream
from hub.services.odata.rates import Rates
from hub.services.odata.strict.service import Parts, StrictOData
from hub.services.rates import Limits
from hub.settings import Settings
from hub.store import client, schema
from hub.store import redis as store_redis
from hub.store.access import identity
from hub.store.leases import Leases
from hub.store.mongod import Lease, acquire
from hub.store.pipelines import Pipelines
from hub.store.plant.roster import RosterStore
from hub.store.plant.workers import Workers
from hub.wiring.counting import buckets, health, people
from hub.wiring.directing import directed
from hub.wiring.flowing import Flowing, flowing
from hub.wiring.ground import Ground, Remote
from hub.wiring.holding import Held, held
from hub.wiring.modelled import modelled
from hub.wiring.planted import planted
from hub.wiring.polled import sink
from hub.wiring.secret import secret
from hub.wiring.system import system


@dataclass(frozen=True, slots=True)
class Hub:
    """Services with a live database behind them; ``close`` when done."""

    services: Services
    close: Callable[[], None]


def open_hub(settings: Settings) -> Hub:
    """Connect (starting the embedded server if that is the one) and build the services.

    Call it in the process that uses it, never before a fork.

    Raises:
        SetupError: no database, too old a one, or one of another secret.
    """
    remote = store_redis.connect(settings.redis_url) if settings.redis_url else None
    lease = open_database(settings)
    mongo = client.connect(lease.uri if lease else settings.mongo_uri or "", settings.mongo_db)
    schema.ensure(mongo)
    pepper = secret(settings)
    identity.check(mongo, hashlib.blake2b(pepper, person=b"hub-print").digest())

    services = build_services(settings, mongo, pepper, remote)

    def close() -> None:
        services.direct.close()
        services.ai.inferring.close()
        mongo.close()
        if remote:
            remote.close()
        if lease:
            lease.close()

    return Hub(services, close)


def open_database(settings: Settings) -> Lease | None:
    """A lease on the embedded server; None where the settings name another one."""
    if settings.mongo_uri:
        return None
    return acquire(settings.data_dir, mongod=settings.mongod, cache_gb=settings.mongod_cache_gb)


def build_services(
    settings: Settings, mongo: client.Mongo, pepper: bytes, remote: Remote = None
) -> Services:
    """Every service of a hub over one database."""
    ground = Ground.over(settings, mongo, pepper, remote)
    data = held(ground)
    flow = flowing(ground, data)
    site = planted(ground, flow)
    now = directed(ground, site)
    return Services(
        ai=modelled(ground, flow, site),
        appending=flow.appending,
        audit=ground.notes,
        catalogue=data.catalogue,
        datasets=data.datasets,
        datastream=_datastream(ground, data),
        deriving=flow.deriving,
        device_calls=now.calls,
        device_states=site.states,
        direct=now.direct,
        downsampling=flow.downsampling,
        drivers=site.drivers,
        events=site.events,
        feeding=flow.feeding,
        health=health(ground),
        importing=data.importing,
        ingest=data.ingest,
        keys=ground.keys,
        leases=Leases(mongo),
        limits=Limits(buckets(ground), settings.rate, pepper),
        people=people(ground),
        plant=site.plant,
        purging=flow.purging,
        queries=data.queries,
        rates=Rates(buckets(ground), settings.odata.rate),
        readings=flow.readings,
        rebuilding=data.rebuilding,
        records=site.records,
        regions=data.regions,
        retention=flow.retention,
        roster=RosterStore(mongo),
        series=data.series,
        sink=sink(ground, flow),
        statistics=flow.statistics,
        streams=flow.streams,
        strict_odata=_strict_odata(ground, data, flow),
        system=system(ground),
        values=flow.values,
        workers=Workers(mongo),
    )


def _datastream(ground: Ground, data: Held) -> DataStream:
    published, limits = data.datasets.published, ground.settings.odata
    return DataStream(Pipelines(ground.mongo), published, ground.permits, limits)


def _strict_odata(ground: Ground, data: Held, flow: Flowing) -> StrictOData:
    answer = ground.settings.answer
    parts = Parts(data.datasets, flow.streams, flow.readings, ground.permits, answer)
    return StrictOData(parts, Pipelines(ground.mongo), SkipTokens(ground.derived(b"hub-odata")))
