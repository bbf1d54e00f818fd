"""Liveness and readiness over HTTP, against a real database, worker's lease and Redis."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.app import create_app
from hub.services import Services
from hub.services.health import HUNG, WORKER_JOBS
from hub.settings import Settings
from hub.store.mongod import acquire
from hub.wiring import open_hub
from tests.live import wait_until
from tests.redis_server import RedisServer, redis_server

HALF_AN_HOUR = timedelta(minutes=30)
EVERY = "db,worker,devices,disk,redis"
LATE = {HUNG, "the database did not answer in time"}


@contextmanager
def hub(settings: Settings, **changes: Any) -> Iterator[FlaskClient]:
    """Another process of the hub, whose checks were not asked before."""
    own = replace(settings, **changes)
    opened = open_hub(own)
    try:
        yield create_app(own, opened.services).test_client()
    finally:
        opened.close()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server("a-password") as server:
        yield server


def checks(client: FlaskClient, names: str, status: int = 200) -> dict[str, Any]:
    """What the checks say, once none of them came too late: a machine may be busy."""
    found: dict[str, Any] = {}

    def in_time() -> bool:
        answer = client.get(f"/readyz/?checks={names}")
        found.update(answer.json["checks"], status=answer.status_code)
        assert answer.json["status"] == ("ok" if answer.status_code == 200 else "failed")
        reasons = {each.get("reason") for each in answer.json["checks"].values()}
        return answer.status_code == 200 or (status != 200 and LATE.isdisjoint(reasons))

    wait_until(in_time, "every check is in time")
    assert found.pop("status") == status, found
    return found


@pytest.mark.parametrize("url", ["/healthz/", "/healthz", "/api/health/"])
def test_it_lives(client: FlaskClient, url: str) -> None:
    answer = client.get(url)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_ready_means_the_database(client: FlaskClient) -> None:
    found = checks(client, "db")
    answer = client.get("/readyz/")
    assert list(answer.json["checks"]) == ["db"]
    assert found["db"]["status"] == "ok"
    assert found["db"]["latency_ms"] > 0


def test_the_example_of_the_interface_document(client: FlaskClient) -> None:
    assert list(checks(client, "db,redis")) == ["db", "redis"]


def test_spaces_between_names_do_not_matter(client: FlaskClient) -> None:
    assert list(checks(client, " db , disk")) == ["db", "disk"]


def test_head_is_the_status_alone(client: FlaskClient) -> None:
    answer = client.head("/readyz/")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        ("nothing", "nothing"),
        ("db,nothing,x", "nothing"),
        ("", ""),
        ("db,", ""),
        ("x" * 99, "x" * 64),
    ],
)
def test_an_unknown_check_is_refused(client: FlaskClient, names: str, unknown: str) -> None:
    answer = client.get(f"/readyz/?checks={names}")
    assert answer.status_code == 400
    assert answer.json["error"]["detail"] == {
        "parameter": "checks",
        "value": unknown,
        "allowed": EVERY.split(","),
    }


@pytest.mark.parametrize("query", ["check=db", "checks=db&checks=disk"])
def test_other_parameters_are_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/readyz/?{query}").status_code == 400


def test_redis_is_optional(client: FlaskClient) -> None:
    assert checks(client, "redis") == {"redis": {"status": "not_configured"}}


def test_redis_answers(settings: Settings, redis: RedisServer) -> None:
    with hub(settings, redis_url=redis.url) as client:
        assert checks(client, "db,redis")["redis"]["status"] == "ok"


def test_redis_does_not_let_the_hub_in(settings: Settings, redis: RedisServer) -> None:
    with hub(settings, redis_url=redis.bare_url) as client:

        def reason() -> str:
            return checks(client, "redis", 503)["redis"]["reason"]

        wait_until(lambda: reason() == "Redis does not let the hub in", "it is told")


def test_redis_that_is_gone_fails_alone_and_is_seen_when_it_is_back(settings: Settings) -> None:
    with redis_server() as server, hub(settings, redis_url=server.url) as client:
        server.stop()
        found = checks(client, "db,redis", 503)
        assert {name: told["status"] for name, told in found.items()} == {
            "db": "ok",
            "redis": "failed",
        }
        assert found["redis"]["reason"] == "Redis does not answer"
        server.start()
        wait_until(lambda: client.get("/readyz/?checks=redis").status_code == 200, "ready")


def test_redis_that_is_frozen_fails_in_time(settings: Settings) -> None:
    with redis_server() as server, hub(settings, redis_url=server.url) as client:
        server.freeze()
        assert checks(client, "redis", 503)["redis"]["reason"] == "Redis does not answer"


def test_no_worker_is_at_work(settings: Settings) -> None:
    with hub(settings) as client:
        assert checks(client, "worker", 503)["worker"]["reason"] == "no worker is at work"


@pytest.mark.parametrize("job", WORKER_JOBS)
def test_a_worker_that_holds_a_lease_is_at_work(
    settings: Settings, services: Services, job: str
) -> None:
    services.leases.take(job, "a worker", HALF_AN_HOUR)
    with hub(settings) as client:
        assert checks(client, "worker")["worker"]["status"] == "ok"
    services.leases.give_back(job, "a worker")
    with hub(settings) as client:
        checks(client, "worker", 503)


@pytest.mark.parametrize(("job", "length_s"), [("downsample", -1), ("purge", 600)])
def test_other_leases_do_not_count(
    settings: Settings, services: Services, job: str, length_s: float
) -> None:
    services.leases.take(job, "a worker", timedelta(seconds=length_s))
    with hub(settings) as client:
        checks(client, "worker", 503)


def test_no_worker_polls_devices(settings: Settings) -> None:
    with hub(settings) as client:
        found = checks(client, "devices", 503)["devices"]
    assert found["reason"] == "no worker polls devices"


@pytest.mark.parametrize(("length_s", "status"), [(30, 200), (-1, 503)])
def test_a_worker_that_lives_polls_devices(
    settings: Settings, services: Services, length_s: float, status: int
) -> None:
    services.workers.tell("a worker", timedelta(seconds=length_s))
    with hub(settings) as client:
        checks(client, "devices", status)
    services.workers.leave("a worker")


def test_the_disk_is_full(settings: Settings, tmp_path: Path) -> None:
    with hub(settings, disk_free_bytes_min=1 << 60, data_dir=tmp_path) as client:
        answer = client.get("/readyz/?checks=disk")
        assert answer.status_code == 503
        assert "MiB are free" in answer.json["checks"]["disk"]["reason"]
        assert str(tmp_path) not in answer.text


def test_a_database_that_is_gone_is_told_in_time_and_life_goes_on(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with acquire(tmp_path_factory.mktemp("gone")) as lease:
        opened = open_hub(replace(settings, mongo_uri=lease.uri, mongo_db="gone"))
    client = create_app(settings, opened.services).test_client()

    def failed() -> bool:
        answer = client.get(f"/readyz/?checks={EVERY}")
        return answer.status_code == 503 and answer.json["checks"]["db"]["status"] == "failed"

    wait_until(failed, "the database is gone")
    found = checks(client, EVERY, 503)
    assert found["disk"]["status"] == "ok"
    assert found["db"]["reason"].startswith("the ")
    assert lease.uri not in str(found)
    assert client.get("/healthz/").status_code == 200
    opened.close()


def test_nothing_secret_is_told(settings: Settings, tmp_path: Path) -> None:
    password = secrets.token_hex(8)
    url = f"redis://:{password}@127.0.0.1:1/0"
    with hub(settings, redis_url=url, data_dir=tmp_path, disk_free_bytes_min=1 << 60) as client:
        text = client.get(f"/readyz/?checks={EVERY}").text
    for told in (password, "127.0.0.1", str(tmp_path), settings.mongo_db, str(settings.secret)):
        assert told not in text
