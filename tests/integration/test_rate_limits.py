"""How often anybody may come: keys, users and addresses apart, told on every answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.errors import SetupError
from hub.services import Services, scopes
from hub.services.rates import RateLimits
from hub.settings import Settings
from hub.wiring import open_hub
from tests.conftest import Access
from tests.live import wait_until
from tests.people import SESSION, Person, logged_in, made_user
from tests.redis_server import redis_server

DEVICES = "/api/device/"
SLOW = 0.01
"""Requests a second: none is free again in a test."""
PATIENCE_S = 60
"""So long Redis may stay silent where it is to count."""


@dataclass(frozen=True)
class Process:
    """One web process of the hub, and a key that reads devices."""

    app: Flask
    services: Services
    key: str

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def with_key(self, key: str = "", url: str = DEVICES, **more: Any) -> TestResponse:
        return self.client.get(url, auth=(key or self.key, ""), **more)

    def from_address(self, address: str, **more: Any) -> TestResponse:
        return self.client.get(DEVICES, environ_base={"REMOTE_ADDR": address}, **more)


@pytest.fixture
def process(settings: Settings) -> Iterator[Callable[..., Process]]:
    """Makes processes with limits of their own; what is not given stays generous."""
    opened = []

    def build(redis_url: str | None = None, **limits: Any) -> Process:
        own = replace(settings, rate=RateLimits(**limits), redis_url=redis_url)
        hub = open_hub(own)
        opened.append(hub)
        key = hub.services.keys.create("k", [scopes.DEVICE_READ]).secret
        return Process(create_app(own, hub.services), hub.services, key)

    yield build
    for hub in opened:
        hub.close()


def address() -> str:
    return f"10.{'.'.join(str(part) for part in secrets.token_bytes(3))}"


def told(answer: TestResponse) -> tuple[str | None, ...]:
    """Limit, what remains, seconds until it is whole, policy."""
    names = ("Limit", "Remaining", "Reset", "Policy")
    return tuple(answer.headers.get(f"RateLimit-{name}") for name in names)


def test_an_answer_says_how_a_key_stands(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=20)
    assert told(hub.with_key()) == ("20", "19", "100", "20;w=2000")
    assert told(hub.with_key()) == ("20", "18", "200", "20;w=2000")


@pytest.mark.parametrize(
    ("url", "status"), [("/api/device/1/", 404), (f"{DEVICES}?no=1", 400), ("/api/group/", 403)]
)
def test_a_refusal_says_it_too(process: Callable[..., Process], url: str, status: int) -> None:
    answer = process(key_per_s=SLOW, key_burst=30).with_key(url=url)
    assert answer.status_code == status
    assert told(answer)[:2] == ("30", "29")


def test_who_comes_too_often_is_told_when_to_come_again(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=2)
    assert [hub.with_key().status_code for _ in range(3)] == [200, 200, 429]
    answer = hub.with_key()
    assert told(answer) == ("2", "0", "200", "2;w=200")
    error = answer.json["error"]
    assert error["code"] == "too_many_requests"
    wait_s = int(answer.headers["Retry-After"])
    assert error["detail"] == {"limit": "rate_key_per_s", "max": SLOW, "retry_after_s": wait_s}
    assert 0 < wait_s <= 100


def test_after_so_long_it_is_let_in(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=2, key_burst=1)
    for status, what in ((200, "there is room"), (429, "there is none"), (200, "there is again")):
        wait_until(lambda status=status: hub.with_key().status_code == status, what)


def test_what_is_refused_does_nothing(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=1)
    key = hub.services.keys.create("w", [scopes.GROUP_WRITE]).secret
    names = [f"group {secrets.token_hex(4)}" for _ in range(2)]
    answers = [
        hub.client.post("/api/group/", json={"name": name}, auth=(key, "")) for name in names
    ]
    assert [answer.status_code for answer in answers] == [201, 429]
    groups, _ = hub.services.plant.groups.page(_principal(hub, key), limit=10_000, after=0)
    assert names[1] not in str(groups)


def _principal(hub: Process, key: str) -> Any:
    found = hub.services.keys.verify(key)
    assert found
    return found


def test_keys_are_counted_apart(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=1)
    other = hub.services.keys.create("k", [scopes.DEVICE_READ]).secret
    assert [hub.with_key(key).status_code for key in ("", "", other)] == [200, 429, 200]


def test_the_secrets_of_one_key_are_counted_together(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=1)
    made = hub.services.keys.create("k", [scopes.DEVICE_READ])
    fresh = hub.services.keys.rotate(made.key.id, grace=timedelta(hours=1))
    assert [hub.with_key(s).status_code for s in (made.secret, fresh.secret)] == [200, 429]


@pytest.mark.parametrize(
    "shown", [lambda k: {"Authorization": f"ApiKey {k}"}, lambda k: {"X-API-Key": k}]
)
def test_however_a_key_is_shown_it_is_the_same(
    process: Callable[..., Process], shown: Callable[[str], dict[str, str]]
) -> None:
    hub = process(key_per_s=SLOW, key_burst=1)
    hub.with_key()
    assert hub.client.get(DEVICES, headers=shown(hub.key)).status_code == 429


def test_all_processes_count_together(process: Callable[..., Process]) -> None:
    one, other = (process(key_per_s=SLOW, key_burst=6) for _ in range(2))
    statuses = [hub.with_key(one.key).status_code for _ in range(5) for hub in (one, other)]
    assert statuses == [200] * 6 + [429] * 4


def test_of_many_at_once_a_burst_is_let_in(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=20)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: hub.with_key().status_code, range(60)))
    assert statuses.count(200) == 20
    assert statuses.count(429) == 40


def test_asking_what_may_be_done_costs_nothing(process: Callable[..., Process]) -> None:
    hub = process(key_per_s=SLOW, key_burst=2)
    for _ in range(5):
        assert hub.client.options(DEVICES, auth=(hub.key, "")).status_code == 200
    assert told(hub.with_key())[1] == "1"


# People


def visiting(hub: Process, name: str) -> Person:
    return logged_in(hub.app, name)


def test_the_sessions_of_one_user_are_counted_together(process: Callable[..., Process]) -> None:
    hub = process(user_per_s=SLOW, user_burst=3)
    name, somebody = made_user(hub.services), made_user(hub.services)
    home, work, other = (visiting(hub, who).client for who in (name, name, somebody))
    answers = [person.get(DEVICES) for person in (home, work, home, work, other)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 200]
    assert answers[3].json["error"]["detail"]["limit"] == "rate_user_per_s"
    assert told(answers[0])[:2] == ("3", "2")


def test_looking_at_one_s_session_counts_too(process: Callable[..., Process]) -> None:
    hub = process(user_per_s=SLOW, user_burst=2)
    person = visiting(hub, made_user(hub.services)).client
    assert [person.get(SESSION).status_code for _ in range(3)] == [200, 200, 429]


def test_a_key_counts_before_a_session(process: Callable[..., Process]) -> None:
    hub = process(user_per_s=SLOW, user_burst=5)
    person = visiting(hub, made_user(hub.services)).client
    person.get(DEVICES, auth=(hub.key, ""))
    assert told(person.get(DEVICES))[1] == "4"


def test_a_session_that_is_counted_still_needs_its_token(process: Callable[..., Process]) -> None:
    hub = process()
    person = visiting(hub, made_user(hub.services))
    body = {"name": f"group {secrets.token_hex(4)}"}
    assert person.client.post("/api/group/", json=body).status_code == 403
    answer = person.client.post("/api/group/", json=body, headers=person.token)
    assert answer.status_code == 201


def test_a_missing_token_counts_for_the_user_and_not_for_the_address(
    process: Callable[..., Process],
) -> None:
    hub = process(user_per_s=SLOW, user_burst=9, address_per_s=SLOW, address_burst=1)
    person = visiting(hub, made_user(hub.services))
    place = {"REMOTE_ADDR": address()}
    answers = [person.client.post("/api/group/", json={}, environ_base=place) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert [told(answer)[:2] for answer in answers] == [("9", "8"), ("9", "7"), ("9", "6")]
    assert hub.from_address(place["REMOTE_ADDR"]).status_code == 401


# Strangers


@pytest.mark.parametrize("shown", [{}, {"X-API-Key": "hub_wrong"}, {"Authorization": "Bearer x"}])
def test_who_is_not_let_in_is_counted_by_address(
    process: Callable[..., Process], shown: dict[str, str]
) -> None:
    hub, place = process(address_per_s=SLOW, address_burst=2), address()
    answers = [hub.from_address(place, headers=shown) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json["error"]["detail"]["limit"] == "rate_address_per_s"
    assert told(answers[0])[:2] == ("2", "1")
    assert hub.from_address(address(), headers=shown).status_code == 401


def test_a_good_key_goes_on_beside_a_flood(process: Callable[..., Process]) -> None:
    hub, place = process(address_per_s=SLOW, address_burst=1), address()
    assert [hub.from_address(place).status_code for _ in range(2)] == [401, 429]
    assert hub.from_address(place, auth=(hub.key, "")).status_code == 200


def test_one_network_of_ipv6_is_one_address(process: Callable[..., Process]) -> None:
    hub = process(address_per_s=SLOW, address_burst=1)
    network = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}"
    statuses = [hub.from_address(f"{network}::{host}").status_code for host in (1, 2)]
    assert statuses == [401, 429]


def test_addresses_are_not_kept(process: Callable[..., Process], database: Database) -> None:
    place = address()
    process(address_burst=7).from_address(place)
    kept = list(database["rates"].find({"_id": {"$regex": "^address:"}}))
    assert kept
    assert place not in str(kept)


# Elsewhere


def test_sensors_are_not_counted(
    client: FlaskClient, dataset: Access, services: Services, database: Database
) -> None:
    answers = [client.put(dataset.url, json={"a": 1}, auth=dataset.auth) for _ in range(3)]
    answers.append(client.get("/api/v1/stream/"))
    assert [answer.status_code for answer in answers] == [201, 201, 201, 200]
    assert {told(answer) for answer in answers} == {(None,) * 4}
    found = services.keys.verify(dataset.secret)
    assert found
    assert database["rates"].count_documents({"_id": {"$regex": found.key_id}}) == 0


def test_sensors_are_counted_where_a_limit_is_set(
    process: Callable[..., Process], dataset: Access
) -> None:
    hub = process(elsewhere_per_s=SLOW, elsewhere_burst=2)
    answers = [hub.client.put(dataset.url, json={"a": 1}, auth=dataset.auth) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json["error"]["detail"]["limit"] == "rate_elsewhere_per_s"
    assert told(answers[0])[:2] == ("2", "1")


@pytest.mark.parametrize("shown", [{}, {"X-API-Key": "hub_wrong"}])
def test_readers_without_a_key_are_then_counted_by_address(
    process: Callable[..., Process], shown: dict[str, str]
) -> None:
    hub, place = process(elsewhere_per_s=SLOW, elsewhere_burst=1), address()

    def status(of: str) -> int:
        there = {"REMOTE_ADDR": of}
        return hub.client.get("/api/v1/stream/", environ_base=there, headers=shown).status_code

    let_in = 401 if shown else 200
    assert [status(place), status(place), status(address())] == [let_in, 429, let_in]


def test_strict_odata_is_counted_then_and_refuses_in_its_own_shape(
    process: Callable[..., Process],
) -> None:
    hub = process(elsewhere_per_s=SLOW, elsewhere_burst=1)
    reader = hub.services.keys.create("r", [scopes.ODATA_READ]).secret
    answers = [hub.with_key(reader, url="/odata/v4/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].json["error"]["innererror"]["limit"] == "rate_elsewhere_per_s"
    assert int(answers[1].headers["Retry-After"]) > 0
    assert answers[1].headers["OData-Version"]


@pytest.mark.parametrize("url", ["/healthz/", "/readyz/", "/api/health/", "/api/nothing/"])
def test_health_and_nothing_at_all_are_not_counted(client: FlaskClient, url: str) -> None:
    assert told(client.get(url)) == (None,) * 4


# Redis


def test_redis_counts_where_there_is_one(
    process: Callable[..., Process], database: Database
) -> None:
    with redis_server("a-password") as server:
        url = f"{server.url}?socket_timeout={PATIENCE_S}&socket_connect_timeout={PATIENCE_S}"
        one, other = (process(url, key_per_s=SLOW, key_burst=3) for _ in range(2))
        statuses = [hub.with_key(one.key).status_code for _ in range(2) for hub in (one, other)]
        (kept,) = server.keys()
    assert statuses == [200, 200, 200, 429]
    key_id = _principal(one, one.key).key_id
    assert kept.endswith(f":key:{key_id}")
    assert database["rates"].count_documents({"_id": f"key:{key_id}"}) == 0


# Settings


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"HUB_RATE_KEY_BURST": "1800001"}, "HUB_RATE_KEY_BURST: more than comes in an hour"),
        ({"HUB_RATE_ADDRESS_PER_S": "0.01"}, "HUB_RATE_ADDRESS_BURST"),
        ({"HUB_RATE_ELSEWHERE_PER_S": "0"}, "HUB_RATE_ELSEWHERE_PER_S"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused(given: dict[str, str], fault: str) -> None:
    with pytest.raises(SetupError, match=fault):
        Settings.from_env(given)


def test_the_password_of_redis_does_not_show() -> None:
    settings = Settings.from_env({"HUB_REDIS_URL": "redis://:s3cret@h/0"})
    assert settings.redis_url == "redis://:s3cret@h/0"
    assert "s3cret" not in repr(settings)
