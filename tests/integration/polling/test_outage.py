"""The database goes away while devices are polled: nothing of what they said is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from hub.services import Services
from hub.services.devices.limits import PollingLimits
from hub.settings import Settings
from hub.store.mongod import acquire
from hub.wiring import open_hub
from tests.integration.polling.plant import Beside, Plant, polling
from tests.integration.storing.test_outage import Server
from tests.live import wait_until

INTERVAL_S = 0.2
AWAY_S = 6.0
"""Longer than the workers wait for the database, and renew their leases."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("own")
    with acquire(folder):
        yield Server(folder)


@pytest.fixture
def plant(server: Server) -> Iterator[Plant]:
    hub = open_hub(Settings(data_dir=server.folder, polling=PollingLimits(flush_s=0.1)))
    with acquire(server.folder) as lease, MongoClient(lease.uri, tz_aware=True) as client:
        yield Plant(hub.services, client["hub"])
    hub.close()


@pytest.fixture
def services(plant: Plant) -> Services:
    return plant.services


def gone_by(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until, "some time")


def test_polling_goes_on_and_everything_is_stored_in_the_end(
    server: Server, plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port)
    device = plant.device(network.port, poll_interval=INTERVAL_S)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        wait_until(lambda: len(plant.points(stream)) >= 3, "some values")
        with server.away():
            gone_by(AWAY_S)
            before = services.sink.counts().waiting
            wait_until(lambda: services.sink.counts().waiting >= before + 5, "it is polled")
        back = 1000 * time.time()
        wait_until(lambda: max(plant.values(stream)) > back, "values of after it")
        wait_until(lambda: services.sink.counts().waiting <= 2, "nothing waits")
    times = [at for at, _ in plant.points(stream)]
    assert network.connections == 1
    state = plant.state(device)
    assert state is not None
    assert state.polls == len(times)


def test_what_another_worker_took_meanwhile_is_not_stored_by_this_one(
    server: Server, plant: Plant, beside: Beside, services: Services
) -> None:
    """The other one was there first when the database came back, and only holds the lease."""
    network = beside.network(beside.machine().port)
    device = plant.device(network.port, poll_interval=INTERVAL_S)
    stream = plant.stream(device, "hr:1")
    other = plant.stream(plant.device(beside.machine().port, poll_interval=INTERVAL_S), "hr:1")
    lease = f"device/127.0.0.1:{network.port}"
    leases = plant.db["leases"]
    with polling(services):
        wait_until(lambda: len(plant.points(stream)) >= 3, "some values")
        row = leases.find_one_and_update(
            {"_id": lease}, {"$set": {"holder": "another"}, "$inc": {"token": 1}}
        )
        assert row is not None
        leases.update_one({"_id": lease}, {"$currentDate": {"taken": True}})
        wait_until(lambda: network.open == 0, "it is let go")
        more(plant, other)
        stored = len(plant.points(stream))
        more(plant, other)
        assert len(plant.points(stream)) == stored
        assert network.open == 0


def more(plant: Plant, stream: int) -> None:
    """Wait for five more values."""
    before = len(plant.points(stream))
    wait_until(lambda: len(plant.points(stream)) >= before + 5, "more values")
