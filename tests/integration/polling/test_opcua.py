"""OPC UA servers: polled, or listened to where their options say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from asyncua import ua

from hub.devices.simulators.opcua import OpcuaSimulator
from hub.services import Services
from tests.integration.polling.plant import Beside, Loop, Plant, polling
from tests.live import wait_until

T = ua.VariantType


@dataclass(frozen=True)
class Opcua:
    """A server with two numbers, 1.5 and 2.5, at ``a`` and ``b`` below a name of the test's own."""

    server: OpcuaSimulator
    loop: Loop
    name: str

    @property
    def port(self) -> int:
        return self.server.port

    def path(self, number: str) -> str:
        return f"ns=2;s={self.name}/{number}"

    def set(self, number: str, value: float) -> None:
        self.loop.run(self.server.set(f"{self.name}/{number}", value, T.Double))


@pytest.fixture(scope="module")
def server(loop: Loop) -> Iterator[OpcuaSimulator]:
    beside = Beside(loop)
    yield beside.enter(OpcuaSimulator())
    beside.close()


@pytest.fixture
def opcua(server: OpcuaSimulator, loop: Loop) -> Opcua:
    found = Opcua(server, loop, uuid4().hex)
    loop.run(server.add_folder(found.name))
    for number, value in (("a", 1.5), ("b", 2.5)):
        loop.run(server.add_variable(f"{found.name}/{number}", value, T.Double))
    return found


def values(plant: Plant, stream: int) -> list[float]:
    return [value for _, value in plant.points(stream)]


def test_a_polled_value_has_the_server_s_time(
    plant: Plant, opcua: Opcua, services: Services
) -> None:
    """It stays the same until the value does, so the hub holds one of many polls."""
    device = plant.device(opcua.port, "opcua", poll_interval=0.1, timeout=30.0)
    stream = plant.stream(device, opcua.path("a"))
    with polling(services):
        wait_until(lambda: len(plant.points(stream)) == 1, "the first value")
        opcua.set("a", 7.25)
        wait_until(lambda: len(plant.points(stream)) == 2, "the second value")
    assert [value for _, value in plant.points(stream)] == [1.5, 7.25]


@pytest.mark.parametrize("options", [{}, {"subscribe": True, "sampling_interval": 0.05}])
def test_a_value_that_stays_is_stored_with_each_heartbeat(
    plant: Plant, opcua: Opcua, services: Services, options: dict[str, Any]
) -> None:
    device = plant.device(opcua.port, "opcua", poll_interval=0.1, timeout=30.0, options=options)
    beating = plant.stream(device, opcua.path("a"), on_change=True, heartbeat=0.3)
    silent = plant.stream(device, opcua.path("b"), on_change=True)
    with polling(services):
        wait_until(lambda: len(plant.points(beating)) >= 4, "three heartbeats")
    assert values(plant, silent) == [2.5]
    assert set(values(plant, beating)) == {1.5}
    times = [at for at, _ in plant.points(beating)][1:]
    assert all(later - at >= 300 for at, later in pairwise(times))


def test_a_server_that_is_subscribed_to_tells_every_change(
    plant: Plant, opcua: Opcua, services: Services
) -> None:
    options = {"subscribe": True, "sampling_interval": 0.05}
    device = plant.device(opcua.port, "opcua", poll_interval=30.0, timeout=30.0, options=options)
    streams = [plant.stream(device, opcua.path(name)) for name in "ab"]
    with polling(services):
        for stream in streams:
            wait_until(lambda stream=stream: bool(plant.points(stream)), "the present value")
        for number in range(5):
            opcua.set("a", float(number))
            wait_until(lambda number=number: number in values(plant, streams[0]), "a change")
        wait_until(lambda: bool((found := plant.state(device)) and found.status == "up"), "up")
    assert values(plant, streams[0]) == [1.5, 0, 1, 2, 3, 4]
    assert values(plant, streams[1]) == [2.5]


def test_a_new_stream_of_a_server_that_is_subscribed_to_is_told_soon(
    plant: Plant, opcua: Opcua, services: Services
) -> None:
    device = plant.device(
        opcua.port, "opcua", poll_interval=1.0, timeout=30.0, options={"subscribe": True}
    )
    first = plant.stream(device, opcua.path("a"))
    with polling(services):
        wait_until(lambda: bool(plant.points(first)), "the present value")
        second = plant.stream(device, opcua.path("b"))
        wait_until(lambda: bool(plant.points(second)), "that of the new stream")


def test_a_subscription_that_is_lost_is_an_edge_and_made_again(
    plant: Plant, beside: Beside, opcua: Opcua, services: Services
) -> None:
    network = beside.network(opcua.port)
    device = plant.device(
        network.port, "opcua", poll_interval=0.2, timeout=1.0, options={"subscribe": True}
    )
    stream = plant.stream(device, opcua.path("a"))
    with polling(services):
        wait_until(lambda: bool(plant.points(stream)), "the present value")
        network.harm("reset")
        opcua.set("a", 3.0)
        wait_until(lambda: plant.events(device) == ["device.down"], "it is down")
        network.harm("none")
        opcua.set("a", 8.0)
        wait_until(lambda: 8.0 in values(plant, stream), "the value of after it")
    assert plant.events(device) == ["device.down", "device.up"]
