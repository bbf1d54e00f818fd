"""Who is let in, how often, and whether the hub is well."""

from __future__ import annotations

from hub.services.health import WORKER_JOBS, Check, Health
from hub.services.people import People
from hub.services.people.passwords import Passwords
from hub.services.people.sessions import Gate, Sessions
from hub.services.people.throttle import Throttle
from hub.services.people.users import Users
from hub.store import health as store_health
from hub.store import redis as store_redis
from hub.store.access import sessions as store_sessions
from hub.store.access import users as store_users
from hub.store.access.attempts import Attempts
from hub.store.access.rates import Buckets, RateStore
from hub.wiring.ground import Ground

QUICK_S = 1.5
"""How long a check of the database waits for it: less than the check may take."""


def people(ground: Ground) -> People:
    mongo, notes, pepper = ground.mongo, ground.notes, ground.pepper
    known, visits = store_users.Users(mongo), store_sessions.Sessions(mongo)
    passwords = Passwords()
    gate = Gate(known, passwords, Throttle(Attempts(mongo), pepper))
    sessions = Sessions(visits, gate, notes, pepper, ground.settings.session)
    return People(sessions, Users(known, visits, passwords, notes))


def buckets(ground: Ground) -> Buckets:
    own = RateStore(ground.mongo)
    if ground.remote is None:
        return own
    space = ground.derived(b"hub-redis", 8).hex()
    return store_redis.RedisBuckets(ground.remote, space, own)


def health(ground: Ground) -> Health:
    mongo, remote, settings = ground.mongo, ground.remote, ground.settings
    pulse, workers = store_health.Pulse(mongo), store_health.WorkerPulse(mongo, WORKER_JOBS)
    polling = store_health.PollingPulse(mongo)
    room = store_health.Room(settings.data_dir, settings.disk_free_bytes_min)
    checks = {
        "db": Check(lambda: pulse.feel(QUICK_S)),
        "worker": Check(lambda: workers.feel(QUICK_S)),
        "devices": Check(lambda: polling.feel(QUICK_S)),
        "disk": Check(room.look),
        "redis": Check(store_redis.RedisPulse(remote).feel) if remote else None,
    }
    return Health(pulse, checks)
