"""The states of devices in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.database import Database

from hub.store import client, schema
from hub.store.plant.device_states import DeviceStates
from hub.values import DeviceState

AT = datetime(2030, 1, 1, 12, 0, 0, 125_000, UTC)
FULL = DeviceState(
    device=1,
    status="down",
    since=AT,
    last_good=AT - timedelta(hours=1),
    error={"code": "device_timeout", "message": "it did not answer", "at": AT},
    latency_ms=1.5,
    polls=7,
    missed=2,
    counted_from=AT,
    worker="here",
)
NEW = DeviceState(device=2, since=AT, counted_from=AT)


@pytest.fixture
def states(mongo_uri: str, mongo_db: Database):
    mongo = client.connect(mongo_uri, mongo_db.name)
    schema.ensure(mongo)
    yield DeviceStates(mongo)
    mongo.close()


def test_what_was_put_is_there(states: DeviceStates):
    states.put([FULL, NEW])
    assert states.get([1, 2, 3]) == {1: FULL, 2: NEW}


def test_the_last_one_to_write_wins(states: DeviceStates):
    states.put([FULL])
    states.put([replace(FULL, status="up", error=None, worker="there"), NEW])
    assert states.get([1]) == {1: replace(FULL, status="up", error=None, worker="there")}


def test_nothing_is_put_of_no_device(states: DeviceStates):
    states.put([])
    assert states.get([1]) == {}


def test_the_state_of_a_removed_device_does_not_come_back(states: DeviceStates):
    states.put([FULL])
    states.remove(1)
    states.put([FULL, NEW])
    assert states.get([1, 2]) == {2: NEW}


def test_a_device_that_was_never_polled_is_removed_too(states: DeviceStates):
    states.remove(1)
    states.put([FULL])
    assert states.get([1]) == {}
