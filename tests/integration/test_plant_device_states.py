"""How the polling of devices goes, told with them over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.services import Services
from hub.values import DeviceState, Document
from tests.plant import Door, door

AT = datetime(2030, 1, 1, 12, 0, 0, 125_000, UTC)
LATER = "2030-01-01T12:00:01.125Z"
WORKER = "a worker"
STATE = DeviceState(
    device=0,
    status="down",
    since=AT + timedelta(seconds=1),
    last_good=AT,
    error={"code": "device_timeout", "message": "it did not answer", "at": AT, "more": 1},
    latency_ms=2.5,
    polls=9,
    missed=3,
    counted_from=AT,
    worker=WORKER,
)
TOLD = {
    "status": "down",
    "since": LATER,
    "last_good": "2030-01-01T12:00:00.125Z",
    "last_error": {
        "code": "device_timeout",
        "message": "it did not answer",
        "at": "2030-01-01T12:00:00.125Z",
    },
    "latency_ms": 2.5,
    "polls": 9,
    "missed": 3,
    "counted_from": "2030-01-01T12:00:00.125Z",
    "worker": WORKER,
}
NEVER = {
    "status": "unknown",
    "since": None,
    "last_good": None,
    "last_error": None,
    "latency_ms": None,
    "polls": 0,
    "missed": 0,
    "counted_from": None,
    "worker": None,
}


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture
def alive(services: Services) -> None:
    services.workers.tell(WORKER, timedelta(minutes=10))


def polled(plant: Door, services: Services, **changes: Any) -> int:
    """A new device with a state."""
    number = plant.device()
    services.device_states.put([replace(STATE, device=number, **changes)])
    return number


def state(plant: Door, number: int) -> Document:
    found: Document = plant.get(f"device/{number}/").json["state"]
    return found


def test_one_that_was_never_polled_is_unknown(plant: Door) -> None:
    assert state(plant, plant.device()) == NEVER


def test_it_is_told_with_the_device_and_in_the_list(
    plant: Door, services: Services, alive: None
) -> None:
    number = polled(plant, services)
    assert state(plant, number) == TOLD
    listed = plant.get(f"device/?after={number - 1}&limit=1").json
    assert [each["state"] for each in listed] == [TOLD]


@pytest.mark.parametrize("status", ["up", "down"])
def test_its_status_is_told_with_when_it_began(
    plant: Door, services: Services, alive: None, status: str
) -> None:
    number = polled(plant, services, status=status)
    assert (state(plant, number)["status"], state(plant, number)["since"]) == (status, LATER)


@pytest.mark.parametrize("worker", [None, "dead", "unheard of"])
def test_where_nobody_polls_it_is_not_known(
    plant: Door, services: Services, alive: None, worker: str | None
) -> None:
    services.workers.tell("dead", timedelta(seconds=-1))
    told = state(plant, polled(plant, services, status="up", worker=worker))
    assert told == TOLD | {"status": "unknown", "since": None, "worker": None}


def test_one_that_is_not_enabled_is_disabled(plant: Door, services: Services, alive: None) -> None:
    number = polled(plant, services)
    plant.patch(f"device/{number}/", enabled=False)
    assert state(plant, number) == TOLD | {"status": "disabled", "since": None}


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("change", [{}, {"status": "up", "polls": 0}])
def test_it_may_come_back_and_is_not_changed(
    plant: Door, services: Services, alive: None, method: str, change: Document
) -> None:
    number = polled(plant, services)
    body = plant.get(f"device/{number}/").json
    body["state"] |= change
    answer = getattr(plant, method)(f"device/{number}/", **body)
    assert (answer.status_code, answer.json["state"]) == (200, TOLD)


def test_it_cannot_be_set_at_creation(plant: Door) -> None:
    answer = plant.post("device/", name="x", kind="ai", state=NEVER)
    assert answer.status_code == 400


def test_it_goes_with_its_device(plant: Door, services: Services) -> None:
    number = polled(plant, services)
    assert plant.delete(f"device/{number}/").status_code == 204
    assert services.device_states.get([number]) == {}
