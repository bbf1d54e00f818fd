"""Settings to services: the one place where the parts are put together."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hub.fetching.fetcher import Fetcher
from hub.query.odata.skiptoken import SkipTokens
from hub.query.token import Tokens
from hub.services import Services
from hub.services.datasets import Datasets, Holdings
from hub.services.events.event_logs import EventLogs
from hub.services.events.events import Events
from hub.services.events.processing import AT_ONCE, Processing
from hub.services.health import WORKER_JOBS, Check, Health
from hub.services.ingest import Ingest
from hub.services.keys import Keys
from hub.services.observing.catalogue import Catalogue
from hub.services.observing.importing import Importing
from hub.services.observing.observing import Observing
from hub.services.observing.places import Places
from hub.services.observing.rebuild import Rebuilding
from hub.services.observing.regions import Regions
from hub.services.odata.datastream import DataStream
from hub.services.odata.rates import Rates
from hub.services.odata.strict.service import Parts, StrictOData
from hub.services.people import People
from hub.services.people.passwords import Passwords
from hub.services.people.sessions import Gate, Sessions, SessionTimes
from hub.services.people.throttle import Throttle
from hub.services.people.users import Users
from hub.services.permits import Permits
from hub.services.plant.belonging import Belonging
from hub.services.plant.data import Data
from hub.services.plant.devices import Devices
from hub.services.plant.groups import Groups
from hub.services.plant.plant import Plant
from hub.services.queries import Queries
from hub.services.rates import Limits
from hub.services.records.keeping import Keeping
from hub.services.records.records import Records as DataRecords
from hub.services.records.statistics import PlantStatistics
from hub.services.records.values import PlantValues
from hub.services.records.wishes import Seeing
from hub.services.retention.enforcing import Enforcing
from hub.services.retention.policies import Rules
from hub.services.retention.retention import Retention
from hub.services.series import Series
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
from hub.settings import Settings
from hub.store import audit, client, datasets, documents, identity, schema, users
from hub.store import devices as store_devices
from hub.store import groups as store_groups
from hub.store import health as store_health
from hub.store import keys as store_keys
from hub.store import leases as store_leases
from hub.store import receipts as store_receipts
from hub.store import redis as store_redis
from hub.store import regions as store_regions
from hub.store import sessions as store_sessions
from hub.store import streams as store_streams
from hub.store.attempts import Attempts
from hub.store.counters import Counters
from hub.store.event_logs import EventLogStore
from hub.store.facets import Facets
from hub.store.imports import Imports
from hub.store.kept import KeptPoints
from hub.store.locations import Locations
from hub.store.mongod import Lease, acquire
from hub.store.observations import Observations
from hub.store.pipelines import Pipelines
from hub.store.progress import Progress
from hub.store.rates import Buckets, RateStore
from hub.store.recent import RecentPoints
from hub.store.redis import RedisBuckets
from hub.store.retention import Floors, Policies, Removal
from hub.store.rollups import Rollups
from hub.store.statistics import StatisticStore

Remote = store_redis.Redis | None
QUICK_S = 1.5
"""How long a check of the database waits for it: less than the check may take."""


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
    pepper = _secret(settings)
    identity.check(mongo, hashlib.blake2b(pepper, person=b"hub-print").digest())

    def close() -> None:
        mongo.close()
        if remote:
            remote.close()
        if lease:
            lease.close()

    return Hub(build_services(settings, mongo, pepper, remote), close)


def open_database(settings: Settings) -> Lease | None:
    """A lease on the embedded server; None where the settings name another one."""
    if settings.mongo_uri:
        return None
    return acquire(settings.data_dir, mongod=settings.mongod, cache_gb=settings.mongod_cache_gb)


def build_services(
    settings: Settings, mongo: client.Mongo, pepper: bytes, remote: Remote = None
) -> Services:
    notes, stored = audit.Audit(mongo), documents.Documents(mongo)
    keys = Keys(store_keys.Keys(mongo), notes, pepper)
    receipts = store_receipts.Receipts(mongo, timedelta(hours=settings.idempotency_hours))
    points, rollups = KeptPoints(mongo), Rollups(mongo)
    streams, progress = store_streams.Streams(mongo), Progress(mongo)
    placing, statistics = Placing(points, streams), StatisticStore(mongo)
    kept, permits = datasets.Datasets(mongo), Permits(settings.concurrency)
    locations, facets, counters = Locations(mongo), Facets(mongo), Counters(mongo)
    holdings = Holdings(stored, locations, facets, Imports(mongo))
    known = Datasets(kept, holdings, keys, notes)
    regions = Regions(store_regions.Regions(mongo), locations, notes)
    places, read = Places(locations, regions, counters), Observations(mongo)
    observing = Observing(stored, places, facets, counters)
    reading = Readings(points, rollups, permits, settings.stream)
    opened = Streams(streams, progress, known, notes, settings.query)
    belonging = _belonging(mongo, streams, counters)
    plant = _plant(belonging, opened, notes)
    values = Values(Records(points, RecentPoints(mongo)), Setting(points, placing))
    seeing = Seeing(plant.data, streams)
    summed = _statistics(mongo, points, rollups, statistics)
    retention = _retention(mongo, streams, points, statistics, notes)
    return Services(
        appending=Appending(placing, receipts, settings.ingest.documents_max),
        audit=notes,
        catalogue=Catalogue(known, kept, notes),
        datasets=known,
        datastream=DataStream(Pipelines(mongo), known.published, permits, settings.odata),
        deriving=Deriving(streams, points, rollups, progress),
        downsampling=Downsampling(streams, points, rollups),
        events=_events(belonging, notes, permits, settings),
        feeding=Feeding(streams, Archive(kept, stored), points, progress, settings.query),
        health=_health(mongo, remote, settings),
        importing=Importing(known, observing, holdings.imports),
        ingest=Ingest(stored, observing, receipts, settings.ingest, known.kind_of),
        keys=keys,
        leases=store_leases.Leases(mongo),
        limits=Limits(_buckets(mongo, remote, pepper), settings.rate, pepper),
        people=_people(mongo, notes, pepper, settings.session),
        plant=plant,
        purging=Purging(streams, progress, _removers(mongo, points, rollups, statistics)),
        queries=Queries(stored, permits, settings.query, settings.answer, _page_tokens(pepper)),
        rates=Rates(_buckets(mongo, remote, pepper), settings.odata.rate),
        readings=reading,
        rebuilding=Rebuilding(known, read, places, holdings),
        records=DataRecords(
            PlantValues(seeing, values, permits, settings.answer),
            PlantStatistics(seeing, summed, permits, settings.answer),
            Keeping(seeing, retention.rules),
            settings.ingest.documents_max,
        ),
        regions=regions,
        retention=retention,
        series=_series(stored, permits, settings),
        statistics=summed,
        streams=opened,
        strict_odata=_odata(Parts(known, opened, reading, permits, settings.answer), mongo, pepper),
        values=values,
    )


def _health(mongo: client.Mongo, remote: Remote, settings: Settings) -> Health:
    pulse, workers = store_health.Pulse(mongo), store_health.WorkerPulse(mongo, WORKER_JOBS)
    room = store_health.Room(settings.data_dir, settings.disk_free_bytes_min)
    checks = {
        "db": Check(lambda: pulse.feel(QUICK_S)),
        "worker": Check(lambda: workers.feel(QUICK_S)),
        "disk": Check(room.look),
        "redis": Check(store_redis.RedisPulse(remote).feel) if remote else None,
    }
    return Health(pulse, checks)


def _buckets(mongo: client.Mongo, remote: Remote, pepper: bytes) -> Buckets:
    own = RateStore(mongo)
    if remote is None:
        return own
    space = hashlib.blake2b(pepper, person=b"hub-redis", digest_size=8).hexdigest()
    return RedisBuckets(remote, space, own)


def _page_tokens(pepper: bytes) -> Tokens:
    return Tokens(hashlib.blake2b(pepper, person=b"hub-pages").digest())


def _odata(parts: Parts, mongo: client.Mongo, pepper: bytes) -> StrictOData:
    tokens = SkipTokens(hashlib.blake2b(pepper, person=b"hub-odata").digest())
    return StrictOData(parts, Pipelines(mongo), tokens)


def _belonging(
    mongo: client.Mongo, streams: store_streams.Streams, counters: Counters
) -> Belonging:
    devices, groups = store_devices.Devices(mongo, counters), store_groups.Groups(mongo, counters)
    return Belonging(streams, devices, groups, EventLogStore(mongo, counters))


def _plant(belonging: Belonging, registry: Streams, notes: audit.Audit) -> Plant:
    data = Data(belonging, registry, notes)
    return Plant(
        data,
        Devices(belonging, data, registry, notes),
        Groups(belonging.groups, belonging.streams, notes),
    )


def _events(
    belonging: Belonging, notes: audit.Audit, permits: Permits, settings: Settings
) -> Events:
    stored, fetch = belonging.event_logs, settings.fetch
    logs = EventLogs(stored, belonging.devices, notes, permits, settings.answer)
    return Events(logs, Processing(logs, Fetcher(fetch), Permits(AT_ONCE), notes, fetch.timeout_s))


def _series(stored: documents.Documents, permits: Permits, settings: Settings) -> Series:
    raw_points_max = settings.stream.raw_points_max
    return Series(stored, permits, settings.query, settings.answer, raw_points_max)


def _statistics(
    mongo: client.Mongo, points: KeptPoints, rollups: Rollups, store: StatisticStore
) -> Statistics:
    return Statistics(
        KeptStatistics(points, store),
        Stepping(points, rollups),
        Summarizing(points, store, Floors(mongo)),
    )


def _removers(
    mongo: client.Mongo, points: KeptPoints, rollups: Rollups, statistics: StatisticStore
) -> tuple[Callable[[int], int], ...]:
    kept = (Policies(mongo).drop, Floors(mongo).drop)
    return (points.remove_some, rollups.remove_some, statistics.remove_some, *kept)


def _retention(
    mongo: client.Mongo,
    streams: store_streams.Streams,
    points: KeptPoints,
    statistics: StatisticStore,
    notes: audit.Audit,
) -> Retention:
    policies, removable = Policies(mongo), (Removal(mongo), statistics)
    enforcing = Enforcing(policies, Floors(mongo), streams, points, removable)
    return Retention(Rules(policies, notes), enforcing)


def _people(mongo: client.Mongo, notes: audit.Audit, pepper: bytes, times: SessionTimes) -> People:
    known, visits, passwords = users.Users(mongo), store_sessions.Sessions(mongo), Passwords()
    gate = Gate(known, passwords, Throttle(Attempts(mongo), pepper))
    return People(
        Sessions(visits, gate, notes, pepper, times), Users(known, visits, passwords, notes)
    )


def _secret(settings: Settings) -> bytes:
    """The hub's secret: given, or the one kept in the data directory, made at the first start."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data_dir / "secret"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_bytes()


def _write_once(path: Path, text: str) -> None:
    """Write a private file whole or not at all; whoever comes first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
