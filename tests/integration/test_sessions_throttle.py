"""Logins that fail are slowed down: by address and by name, in every process together."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from pymongo.database import Database

from hub.app import create_app
from hub.services import Services
from hub.services.people.throttle import OF_ADDRESS, OF_NAME, Throttle, place_of
from hub.settings import Settings
from hub.store.access.attempts import Attempts
from hub.store.client import connect
from hub.wiring import open_hub
from tests.live import wait_until
from tests.people import PASSWORD, login, made_user


@pytest.fixture(scope="module")
def app(settings: Settings, services: Services) -> Flask:
    return create_app(settings, services)


@pytest.fixture(scope="module")
def attempts(settings: Settings, services: Services) -> Iterator[Attempts]:
    """The buckets of the hub."""
    mongo = connect(settings.mongo_uri or "", settings.mongo_db)
    yield Attempts(mongo)
    mongo.close()


@pytest.fixture
def throttle(settings: Settings, attempts: Attempts) -> Throttle:
    """What the hub counts logins with, so that none has to be made."""
    return Throttle(attempts, (settings.secret or "").encode())


def address() -> str:
    return f"10.{'.'.join(str(part) for part in secrets.token_bytes(3))}"


def bucket() -> bytes:
    return secrets.token_bytes(32)


def test_a_burst_is_taken_and_no_more(attempts: Attempts) -> None:
    own = bucket()
    assert [attempts.take(own, burst=3, every_s=60) for _ in range(3)] == [0, 0, 0]
    assert 59 < attempts.take(own, burst=3, every_s=60) <= 60


def test_what_is_refused_does_not_count(attempts: Attempts) -> None:
    own = bucket()
    waits = [attempts.take(own, burst=1, every_s=60) for _ in range(5)]
    assert waits[0] == 0
    assert max(waits) <= 60


def test_of_many_at_once_a_burst_is_taken(attempts: Attempts) -> None:
    own, waits = bucket(), []
    threads = [
        threading.Thread(target=lambda: waits.append(attempts.take(own, burst=4, every_s=60)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == 16
    assert waits.count(0) == 4


def test_room_comes_back(attempts: Attempts) -> None:
    own = bucket()
    attempts.take(own, burst=1, every_s=0.3)
    assert 0 < attempts.take(own, burst=1, every_s=0.3) <= 0.3
    wait_until(lambda: attempts.take(own, burst=1, every_s=0.3) == 0, "room", 3)


def test_an_attempt_is_given_back(attempts: Attempts) -> None:
    own = bucket()
    attempts.take(own, burst=1, every_s=60)
    attempts.give_back(own, 60)
    assert attempts.take(own, burst=1, every_s=60) == 0
    assert attempts.take(own, burst=1, every_s=60) > 0


def test_an_address_that_failed_too_often_waits(
    app: Flask, services: Services, throttle: Throttle
) -> None:
    name, place = made_user(services), address()
    for number in range(OF_ADDRESS.burst):
        throttle.take(f"guess {number}", place)
    answer = login(app.test_client(), name, address=place)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= OF_ADDRESS.every_s
    assert answer.json["error"]["detail"]["limit"] == "logins_of_address"
    assert login(app.test_client(), name).status_code == 201


@pytest.mark.parametrize("known", [True, False])
def test_a_name_that_failed_too_often_waits(
    app: Flask, services: Services, throttle: Throttle, known: bool
) -> None:
    name = made_user(services) if known else f"nobody-{secrets.token_hex(4)}"
    for _ in range(OF_NAME.burst):
        throttle.take(name, address())
    answer = login(app.test_client(), name)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= OF_NAME.every_s
    assert answer.json["error"]["detail"]["limit"] == "logins_of_name"


def test_failures_count_in_every_process(
    app: Flask, settings: Settings, services: Services
) -> None:
    elsewhere = open_hub(settings)
    doors = [app, create_app(settings, elsewhere.services)]
    name, place = made_user(services), address()
    statuses = [
        login(doors[turn % 2].test_client(), name, "wrong password", address=place).status_code
        for turn in range(OF_ADDRESS.burst + 2)
    ]
    elsewhere.close()
    assert statuses == [401] * OF_ADDRESS.burst + [429, 429]


def test_one_address_shuts_nobody_out_elsewhere(
    app: Flask, services: Services, throttle: Throttle
) -> None:
    name, place = made_user(services), address()
    for _ in range(OF_ADDRESS.burst):
        throttle.take(name, place)
    assert login(app.test_client(), name, address=place).status_code == 429
    assert login(app.test_client(), name).status_code == 201
    assert OF_ADDRESS.every_s > OF_NAME.every_s


def test_a_good_login_costs_nothing(app: Flask, services: Services, throttle: Throttle) -> None:
    name, place = made_user(services), address()
    for _ in range(OF_ADDRESS.burst - 1):
        throttle.take(name, place)
    statuses = [login(app.test_client(), name, address=place).status_code for _ in range(3)]
    assert statuses == [201] * 3


def test_the_address_does_not_pay_for_a_name_that_waits(
    app: Flask, services: Services, throttle: Throttle
) -> None:
    crowded, place = f"nobody-{secrets.token_hex(4)}", address()
    for _ in range(OF_NAME.burst):
        throttle.take(crowded, address())
    for _ in range(OF_ADDRESS.burst + 1):
        answer = login(app.test_client(), crowded, address=place)
        assert answer.json["error"]["detail"]["limit"] == "logins_of_name"


def test_what_was_typed_as_a_name_is_not_kept(
    app: Flask, services: Services, database: Database
) -> None:
    place = address()
    login(app.test_client(), PASSWORD, "x", address=place)
    text = str(list(database["attempts"].find()))
    assert PASSWORD not in text
    assert place not in text


@pytest.mark.parametrize(
    ("shown", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_what_counts_as_one_address(shown: str, place: str) -> None:
    assert place_of(shown) == place
