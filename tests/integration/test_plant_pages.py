"""Lists of the plant whose entries are large: pages end early, and long ones come in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from hub.app import create_app
from hub.services import Services
from hub.services.queries import Budgets
from hub.settings import Settings
from hub.wiring import open_hub
from tests.plant import Door, door, fresh

LARGE = {"text": "x" * 1_000}


@pytest.fixture(scope="module")
def small(settings: Settings) -> Iterator[FlaskClient]:
    """A hub that ends pages at 2 kB and reads two rows at a time."""
    own = replace(settings, answer=Budgets(page_bytes_max=2_000, batch_rows=2))
    hub = open_hub(own)
    yield create_app(own, hub.services).test_client()
    hub.close()


@pytest.fixture
def plant(small: FlaskClient, services: Services) -> Door:
    return door(small, services)


def walked(plant: Door, url: str) -> list[list[int]]:
    """The ids of each page, from the first to the last."""
    pages = []
    while url:
        answer = plant.get(url)
        pages.append([each["id"] for each in answer.json])
        url = answer.headers.get("Link", "").partition(">")[0].removeprefix("</api/")
    return pages


def test_a_page_of_large_data_streams_ends_early(plant: Door) -> None:
    device = plant.device()
    made = [plant.data(device=device, metadata=LARGE) for _ in range(5)]
    pages = walked(plant, f"data/?device={device}&limit=10")
    assert pages == [made[:2], made[2:4], made[4:]]


def test_a_page_of_large_devices_ends_early(plant: Door) -> None:
    made = [plant.device(tags=LARGE) for _ in range(5)]
    pages = walked(plant, f"device/?limit=10&after={made[0] - 1}")
    assert pages == [made[:2], made[2:4], made[4:]]


def test_what_is_larger_than_a_page_is_one(plant: Door) -> None:
    device = plant.device()
    made = [plant.data(device=device, metadata={"text": "x" * 3_000}) for _ in range(2)]
    assert walked(plant, f"data/?device={device}") == [made[:1], made[1:]]


def test_a_limit_that_is_reached_at_the_end_has_no_next_page(plant: Door) -> None:
    device = plant.device()
    made = [plant.data(device=device) for _ in range(2)]
    assert walked(plant, f"data/?device={device}&limit=2") == [made]
    assert walked(plant, f"data/?device={device}&limit=1") == [made[:1], made[1:]]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9])
def test_the_newest_event_logs_come_in_parts(plant: Door, limit: int) -> None:
    kind = fresh("kind")[:40]
    made = [plant.post("event-log/", kind=kind, timestamp=5).json["id"] for _ in range(7)]
    found = plant.get(f"event-log/?kind={kind}&limit={limit}").json
    assert [each["id"] for each in found] == made[::-1][:limit]
