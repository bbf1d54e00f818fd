"""Parameters of the plant's lists that are there and blank: as if they were not there."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hub.services import Services
from tests.plant import Door, code, door

RANGE = "from=&to=&limit="
HOUR = "from=2026-04-28T12:00:00Z&to=2026-04-28T13:00:00Z"


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture
def data(plant: Door) -> int:
    """A data stream with a device, a group, a value and an event log."""
    device = plant.device()
    data = plant.data(device=device, path="hr:1", group=plant.group())
    plant.post(f"data/{data}/value/", timestamp="2026-04-28T12:00:00Z", value=1)
    plant.post("event-log/", device=device, kind="alarm")
    return data


@pytest.mark.parametrize(
    ("url", "blank"),
    [
        ("device/", "limit=&after="),
        ("group/", "limit=&after="),
        ("data/", "device=&group=&limit=&after="),
        ("data/{}/value/", RANGE),
        ("data/{}/statistic/", f"{RANGE}&fields=&step="),
        ("value/", f"data=&{RANGE}"),
        ("statistic/", f"data=&{RANGE}&fields=&step="),
        ("event-log/", f"device=&kind=&{RANGE}"),
    ],
)
def test_a_list_with_its_parameters_blank_is_the_list_without_them(
    plant: Door, data: int, url: str, blank: str
):
    plain = plant.get(url.format(data))
    answer = plant.get(f"{url.format(data)}?{blank}")
    assert (answer.status_code, answer.json) == (200, plain.json)
    assert plain.json


def test_what_is_not_blank_counts_beside_what_is(plant: Door, data: int):
    rows = plant.get(f"value/?data={data}&from=&to=&limit=").json
    assert [row["data"] for row in rows] == [data]


def test_a_blank_step_makes_no_buckets(plant: Door, data: int):
    windows = plant.get(f"data/{data}/statistic/?{HOUR}").json
    assert plant.get(f"data/{data}/statistic/?{HOUR}&fields=&step=").json == windows
    assert [list(row) for row in windows] == [["data", "timestamp", "mean"]]


@pytest.mark.parametrize(
    "query", ["colour=", "data=", "limit=&limit=", "limit=&limit=2", "limit=%20", "kind="]
)
def test_blanks_do_not_hide_what_is_unknown_or_stands_twice(plant: Door, data: int, query: str):
    assert code(plant.get(f"data/{data}/value/?{query}")) == (400, "bad_parameter")


def test_a_blank_bound_opens_no_range(plant: Door, data: int):
    assert code(plant.get("value/?from=&limit=10001")) == (400, "bad_parameter")


@pytest.mark.parametrize("url", ["device/{}/", "data/{}/"])
def test_a_blank_cascade_deletes_nothing(plant: Door, data: int, url: str):
    number = plant.get(f"data/{data}/").json["device"] if url.startswith("device") else data
    assert code(plant.delete(f"{url.format(number)}?cascade=")) == (400, "bad_parameter")
    assert plant.get(f"data/{data}/").status_code == 200
