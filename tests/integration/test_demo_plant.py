"""The plant of the demo: one device, whatever serve does, and a key that opens nothing else."""

from __future__ import annotations

from threading import Event

import pytest
from flask.testing import FlaskClient

from hub.cli.stream import ADMIN
from hub.demo.plant import NAME, Shown, plant
from hub.devices.simulators.plant.tags import TAGS
from hub.services import Services
from hub.services.plant.data import Wish
from tests.plant import fresh


def begun(services: Services, port: int) -> Shown | None:
    """The plant as serve makes it when it starts; nobody waits for values."""
    stopping = Event()
    stopping.set()
    return plant(services, port, stopping)


def paths(services: Services, device: int) -> list[str | None]:
    found, _ = services.plant.data.page(Wish(limit=100, device=device), ADMIN)
    return [stream.place.path for stream in found]


def status(client: FlaskClient, path: str, key: str) -> int:
    return client.get(path, headers={"X-API-Key": key}).status_code


@pytest.fixture
def shown(services: Services) -> Shown:
    found = begun(services, 7001)
    assert found
    return found


def test_it_is_one_device_with_every_tag(services: Services, shown: Shown) -> None:
    assert (shown.device.name, shown.device.kind, shown.device.port) == (NAME, "modbus", 7001)
    assert paths(services, shown.device.id) == [tag.address("modbus") for tag in TAGS]


def test_it_is_the_same_at_another_port_the_next_time(services: Services, shown: Shown) -> None:
    again = begun(services, 7002)
    assert again
    assert (again.device.id, again.device.port) == (shown.device.id, 7002)
    assert len(paths(services, again.device.id)) == len(TAGS)


def test_what_somebody_changed_stays(services: Services, shown: Shown) -> None:
    services.plant.devices.change(shown.device.id, {"enabled": False}, ADMIN)
    again = begun(services, 7003)
    assert again
    assert not again.device.enabled


def test_its_key_opens_it_and_nothing_else(
    services: Services, client: FlaskClient, shown: Shown
) -> None:
    other = services.plant.data.create({"name": fresh()}, ADMIN)
    assert status(client, f"/api/device/{shown.device.id}/", shown.key) == 200
    assert status(client, f"/api/data/{shown.streams[0].id}/", shown.key) == 200
    assert status(client, f"/api/data/{other.id}/", shown.key) == 404


def test_the_key_of_the_time_before_ends(
    services: Services, client: FlaskClient, shown: Shown
) -> None:
    assert begun(services, 7001)
    assert status(client, "/api/value/", shown.key) == 401


def test_streams_that_were_removed_stay_away(services: Services, shown: Shown) -> None:
    for stream in shown.streams:
        services.plant.data.delete(stream.id, ADMIN)
    assert begun(services, 7001) is None
    assert paths(services, shown.device.id) == []
    services.plant.devices.delete(shown.device.id, ADMIN, "delete")


def test_a_device_that_was_removed_is_made_again(services: Services, shown: Shown) -> None:
    services.plant.devices.delete(shown.device.id, ADMIN, "delete")
    again = begun(services, 7001)
    assert again
    assert again.device.id != shown.device.id
