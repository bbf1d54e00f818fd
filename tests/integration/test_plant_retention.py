"""Policies of retention over HTTP: for all data streams, for one, who may say so, and that it is
done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.jobs.streams import downsample
from hub.services import Services
from tests.live import wait_until
from tests.plant import Door, code, door, faults, reach

DAY_S = 86_400


@pytest.fixture
def plant(client: FlaskClient, services: Services, database: Database[Any]) -> Iterator[Door]:
    yield door(client, services)
    database.retention.delete_many({})


def policies(plant: Door, data: int | None = None) -> list[dict[str, Any]]:
    answer = plant.get(url(data))
    assert answer.status_code == 200, answer.json
    return answer.json


def url(data: int | None) -> str:
    return "retention/" if data is None else f"data/{data}/policy/retention/"


def test_the_payload_of_the_interface(plant: Door) -> None:
    assert policies(plant) == []
    answer = plant.post("retention/", hypertable="core_value", drop_after_days=30)
    policy = {"hypertable": "core_value", "drop_after_seconds": 30 * DAY_S}
    assert (answer.status_code, answer.json) == (200, policy)
    assert policies(plant) == [policy]


@pytest.mark.parametrize("hypertable", ["core_value", "core_valuestatistics", "core_value_hours"])
@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"drop_after_seconds": 90}, 90),
        ({"drop_after_seconds": 1.5}, 1.5),
        ({"drop_after_hours": 2}, 7_200),
        ({"drop_after_days": 0.5}, DAY_S / 2),
    ],
)
def test_how_long_data_is_kept(
    plant: Door, hypertable: str, given: dict[str, float], seconds: float
) -> None:
    data = plant.data()
    for own in (None, data):
        of = {} if own is None else {"data": own}
        plant.post(url(own), hypertable=hypertable, drop_after_seconds=7)
        answer = plant.post(url(own), hypertable=hypertable, **given)
        policy = of | {"hypertable": hypertable, "drop_after_seconds": seconds}
        assert answer.json == policy
        assert policies(plant, own) == [policy]
        assert plant.ask("POST", url(own), policy).json == policy


@pytest.mark.parametrize("number", [0, -1, -0.5])
@pytest.mark.parametrize("unit", ["seconds", "hours", "days"])
def test_what_is_not_positive_removes_a_policy(plant: Door, unit: str, number: float) -> None:
    for own in (None, plant.data()):
        of = {} if own is None else {"data": own}
        plant.post(url(own), hypertable="core_value", drop_after_days=1)
        plant.post(url(own), hypertable="core_valuestatistics", drop_after_days=2)
        for _ in range(2):
            body = {"hypertable": "core_value", f"drop_after_{unit}": number}
            answer = plant.ask("POST", url(own), body)
            gone = of | {"hypertable": "core_value", "drop_after_seconds": None}
            assert (answer.status_code, answer.json) == (200, gone)
        assert [each["hypertable"] for each in policies(plant, own)] == ["core_valuestatistics"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_data_stream_has_its_own(plant: Door, method: str) -> None:
    one, other = plant.data(), plant.data()
    answer = plant.ask(method, url(one), {"drop_after_hours": 1})
    policy = {"data": one, "hypertable": "core_value", "drop_after_seconds": 3_600}
    assert (answer.status_code, answer.json) == (200, policy)
    assert policies(plant, one) == [policy]
    assert policies(plant, other) == policies(plant) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "drop_after_seconds"),
        ({"drop_after_days": 1, "drop_after_hours": 1}, "drop_after_seconds"),
        ({"drop_after_days": "30"}, "drop_after_days"),
        ({"drop_after_days": True}, "drop_after_days"),
        ({"drop_after_seconds": 0.5}, "drop_after_seconds"),
        ({"drop_after_days": 10**6}, "drop_after_days"),
        ({"drop_after_weeks": 1}, "drop_after_weeks"),
        ({"hypertable": "core_alarm", "drop_after_days": 1}, "hypertable"),
        ({"hypertable": 7, "drop_after_days": 1}, "hypertable"),
        ({"data": 987_654, "drop_after_days": 1}, "data"),
    ],
)
def test_what_is_refused_by_name(plant: Door, body: dict[str, Any], field: str) -> None:
    for own in (None, plant.data()):
        answer = plant.ask("POST", url(own), {"hypertable": "core_value"} | body)
        assert list(faults(answer)) == [field]
        assert policies(plant, own) == []


def test_a_policy_for_all_names_its_table(plant: Door) -> None:
    answer = plant.post("retention/", drop_after_days=1)
    assert list(faults(answer)) == ["hypertable"]


def test_parameters_are_refused(plant: Door) -> None:
    for own in (None, plant.data()):
        assert code(plant.get(f"{url(own)}?hypertable=core_value")) == (400, "bad_parameter")
        answer = plant.post(f"{url(own)}?x=1", hypertable="core_value", drop_after_days=1)
        assert code(answer) == (400, "bad_parameter")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_data_stream_that_is_not_there(plant: Door, method: str) -> None:
    body = None if method == "GET" else {"drop_after_days": 1}
    answer = plant.ask(method, url(987_654), body)
    assert code(answer) == (404, "stream_not_found")


def test_a_restricted_key_sets_what_is_its_own(
    client: FlaskClient, services: Services, plant: Door
) -> None:
    mine, other, device = plant.data(), plant.data(), plant.device()
    plant.post(url(None), hypertable="core_value", drop_after_days=9)
    narrow = door(client, services, within=reach(devices=[], streams=[mine]))
    assert narrow.put(url(mine), drop_after_days=1).status_code == 200
    assert code(narrow.put(url(other), drop_after_days=1)) == (404, "stream_not_found")
    assert code(narrow.get(url(other))) == (404, "stream_not_found")
    for within in (reach(devices=[], streams=[mine]), reach(devices=[device]), reach(streams=[])):
        narrow = door(client, services, within=within)
        for days in (1, 0):
            answer = narrow.post(url(None), hypertable="core_value", drop_after_days=days)
            assert code(answer) == (403, "forbidden")
        assert policies(narrow) == policies(plant)
    assert policies(plant)[0]["drop_after_seconds"] == 9 * DAY_S
    assert policies(plant, other) == []


def test_a_deleted_data_stream_shows_no_policies(plant: Door) -> None:
    data = plant.data()
    plant.put(url(data), drop_after_days=1)
    assert plant.delete(f"data/{data}/").status_code == 204
    assert code(plant.get(url(data))) == (404, "stream_not_found")


def test_what_is_past_its_limit_goes_and_nothing_else(plant: Door, services: Services) -> None:
    now = int(datetime.now(UTC).timestamp())
    ages = [0, DAY_S // 2, 2 * DAY_S, 9 * DAY_S]
    limited, free = plant.data(), plant.data()
    for data in (limited, free):
        items = [{"data": data, "timestamp": now - age, "value": age} for age in ages]
        assert plant.ask("POST", "value/", items).json["stored"] == len(ages)
    plant.post(url(limited), drop_after_days=1)
    wait_until(lambda: downsample(services, 1, Event()), "all is carried up")
    services.retention.enforcing.run(1, Event(), now * 1000, run_s=3_600.0)

    def left(data: int) -> list[int]:
        return [row["value"] for row in plant.get(f"data/{data}/value/?from=0").json]

    assert left(limited) == [DAY_S // 2, 0]
    assert left(free) == ages[::-1]
