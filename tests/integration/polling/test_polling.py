"""Devices that are polled: values on their grid, configuration that changes, devices that fail."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from hub.devices.contract import Driver
from hub.jobs.polling.loop import LOOK_S, Poller
from hub.services import Services
from hub.services.devices.calls import Read
from hub.services.devices.opening import Drivers
from hub.store.client import DURABLE
from hub.store.plant.roster import RosterStore
from hub.values import Device
from tests.chaos import Chaos, Harm
from tests.integration.devices.machines import OneAtATime
from tests.integration.polling.plant import ADMIN, Beside, Plant, polling
from tests.live import wait_until

SOON_S = 2.0
"""Within so long a changed configuration has its effect."""


class Opened(Drivers):
    """The drivers of the hub, and which devices they were opened for."""

    def __init__(self, drivers: Drivers) -> None:
        self._drivers = drivers
        self.opened: list[int] = []

    def open(self, device: Device) -> Driver:
        self.opened.append(device.id)
        return self._drivers.open(device)


def has(plant: Plant, stream: int, count: int) -> None:
    """Wait for more values than there are."""
    before = len(plant.points(stream))
    wait_until(lambda: len(plant.points(stream)) >= before + count, f"{count} more values")


def is_quiet(plant: Plant, stream: int, other: int) -> bool:
    """Whether a stream gets no value while another one, as often polled, gets five."""
    before = len(plant.points(stream))
    has(plant, other, 5)
    return len(plant.points(stream)) == before


def status(plant: Plant, device: int) -> str | None:
    state = plant.state(device)
    return state and state.status


def test_it_is_looked_often_enough_for_what_changed() -> None:
    assert 2 * LOOK_S <= SOON_S


def test_values_arrive_on_the_grid(plant: Plant, beside: Beside, services: Services) -> None:
    machine = beside.machine()
    device = plant.device(machine.port, poll_interval=0.25)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 12)
    state = plant.state(device)
    assert state is not None
    values = plant.points(stream)
    ticks = (values[-1][0] - values[0][0]) / 250
    assert {value for _, value in values} == {7.0}
    assert state.polls == len(values)
    assert state.polls <= ticks + 2


def test_a_stream_s_own_interval_is_read_together_with_the_others(
    plant: Plant, beside: Beside, services: Services
) -> None:
    device = plant.device(beside.machine().port, poll_interval=0.1)
    often = plant.stream(device, "hr:1")
    seldom = plant.stream(device, "hr:2", poll_interval=1.0)
    with polling(services):
        has(plant, seldom, 4)
    assert plant.values(seldom).keys() <= plant.values(often).keys()
    assert 2 * len(plant.points(seldom)) <= len(plant.points(often))


def test_what_is_read_seldom_is_read_at_once_when_it_is_new(
    plant: Plant, beside: Beside, services: Services
) -> None:
    device = plant.device(beside.machine().port, poll_interval=86_400.0)
    first = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, first, 1)
        second = plant.stream(device, "hr:1")
        has(plant, second, 1)


def test_what_is_read_seldom_is_tried_again_soon_when_it_failed(
    plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port)
    network.harm("reset")
    device = plant.device(network.port, poll_interval=86_400.0)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        wait_until(lambda: plant.events(device) == ["device.down"], "it failed")
        network.harm("none")
        has(plant, stream, 1)


def test_ticks_that_a_slow_device_leaves_no_time_for_are_counted(
    plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port, delay_s=0.5)
    network.harm("delay")
    device = plant.device(network.port, poll_interval=0.1, timeout=5.0)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 4)
    state = plant.state(device)
    assert state is not None
    assert state.missed >= 3 * (state.polls - 1)
    assert state.latency_ms is not None
    assert state.latency_ms >= 500


@pytest.fixture
def other(plant: Plant, beside: Beside) -> tuple[Chaos, int]:
    """Another device that answers, seen through a network that counts its connections."""
    network = beside.network(beside.machine().port)
    return network, plant.stream(plant.device(network.port), "hr:1")


def test_another_address_counts_soon_and_no_other_device_notices(
    plant: Plant, beside: Beside, services: Services, other: tuple[Chaos, int]
) -> None:
    machine = beside.machine()
    device = plant.device(machine.port)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 2)
        has(plant, other[1], 1)
        plant.change_stream(stream, path="hr:2")
        wait_until(lambda: 0.0 in plant.values(stream).values(), "values of the other cell")
    assert other[0].connections == 1


def test_another_machine_counts_soon(plant: Plant, beside: Beside, services: Services) -> None:
    one, two = beside.machine(), beside.machine()
    beside.loop.run(two.set("holding", 1, [9]))
    device = plant.device(one.port)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 2)
        plant.change(device, port=two.port)
        wait_until(lambda: 9.0 in plant.values(stream).values(), "values of the other machine")


def test_another_interval_counts_over_the_same_connection(
    plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port)
    device = plant.device(network.port, poll_interval=30.0)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        wait_until(lambda: plant.state(device) is not None, "it is polled")
        plant.change(device, poll_interval=0.1)
        has(plant, stream, 5)
    assert network.connections == 1


def test_a_new_stream_is_polled_soon(
    plant: Plant, beside: Beside, services: Services, other: tuple[Chaos, int]
) -> None:
    device = plant.device(beside.machine().port)
    with polling(services):
        has(plant, other[1], 1)
        stream = plant.stream(device, "hr:1")
        has(plant, stream, 1)
    assert other[0].connections == 1


def disabled(plant: Plant, device: int, stream: int) -> None:
    plant.change(device, enabled=False)


def removed(plant: Plant, device: int, stream: int) -> None:
    plant.remove(device)


def without_stream(plant: Plant, device: int, stream: int) -> None:
    plant.change_stream(stream, enabled=False)


def moved_away(plant: Plant, device: int, stream: int) -> None:
    plant.change_stream(stream, device=None)


@pytest.mark.parametrize("end", [disabled, removed, without_stream, moved_away])
def test_what_is_not_to_be_polled_is_let_alone_soon(
    plant: Plant, beside: Beside, services: Services, other: tuple[Chaos, int], end: Any
) -> None:
    network = beside.network(beside.machine().port)
    device = plant.device(network.port)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 2)
        end(plant, device, stream)
        wait_until(lambda: is_quiet(plant, stream, other[1]), "it gets no values")
        assert is_quiet(plant, stream, other[1])
    assert other[0].connections == 1


def test_what_one_of_the_same_name_had_is_polled_at_once(
    plant: Plant, beside: Beside, services: Services
) -> None:
    port = beside.machine().port
    services.leases.take(f"device/127.0.0.1:{port}", "killed", timedelta(hours=1))
    device = plant.device(port)
    plant.stream(device, "hr:1")
    with polling(services, "killed"):
        wait_until(lambda: status(plant, device) == "up", "it is polled")


def test_a_disabled_device_is_nobody_s_and_its_endpoint_is_free(
    plant: Plant, beside: Beside, services: Services
) -> None:
    port = beside.machine().port
    device = plant.device(port)
    plant.stream(device, "hr:1")
    lease = f"device/127.0.0.1:{port}"
    with polling(services):
        wait_until(lambda: status(plant, device) == "up", "it is polled")
        assert services.leases.free([lease], "another") == set()
        plant.change(device, enabled=False)
        wait_until(lambda: services.leases.free([lease], "another") == {lease}, "its lease is free")
        state = plant.state(device)
        assert state is not None
        assert state.worker is None


@pytest.mark.parametrize("harm", ["stall", "drop"])
def test_a_device_that_hangs_delays_no_other(
    plant: Plant, beside: Beside, services: Services, harm: Harm
) -> None:
    """It hangs in one call for longer than the values of the other are waited for."""
    well = plant.stream(plant.device(beside.machine().port), "hr:1")
    network = beside.network(beside.machine().port)
    network.harm(harm)
    ill = plant.device(network.port, timeout=60.0)
    plant.stream(ill, "hr:1")
    with polling(services):
        wait_until(lambda: network.open == 1, "it is asked")
        has(plant, well, 4)
        assert status(plant, ill) != "down"


@pytest.mark.parametrize("harm", ["stall", "babble", "reset", "drop"])
def test_a_device_that_fails_stops_no_other(
    plant: Plant, beside: Beside, services: Services, harm: Harm
) -> None:
    well = plant.stream(plant.device(beside.machine().port), "hr:1")
    network = beside.network(beside.machine().port)
    network.harm(harm)
    ill = plant.device(network.port, poll_interval=0.1, timeout=1.0)
    plant.stream(ill, "hr:1")
    with polling(services):
        wait_until(lambda: status(plant, ill) == "down", "it is down")
        has(plant, well, 4)


def test_a_device_is_down_and_up_again_once_each(
    plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port)
    device = plant.device(network.port, poll_interval=0.1)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 2)
        network.harm("reset")
        wait_until(lambda: plant.events(device) == ["device.down"], "it is down")
        network.harm("none")
        wait_until(lambda: plant.events(device) == ["device.down", "device.up"], "it is up")
        has(plant, stream, 5)
        wait_until(lambda: status(plant, device) == "up", "the state says so")
    state = plant.state(device)
    assert state is not None
    assert state.error is not None
    assert state.error["code"] == "device_unreachable"
    assert plant.events(device) == ["device.down", "device.up"]


def test_a_dead_device_is_asked_less_and_less_each_time_with_a_driver_that_is_new(
    plant: Plant, beside: Beside, services: Services
) -> None:
    network = beside.network(beside.machine().port)
    network.harm("reset")
    device = plant.device(network.port, poll_interval=0.1)
    plant.stream(device, "hr:1")
    drivers = Opened(services.drivers)
    with polling(replace(services, drivers=drivers)):
        wait_until(lambda: network.connections >= 3, "it was asked three times")
    state = plant.state(device)
    assert state is not None
    asked = network.connections
    assert drivers.opened.count(device) in (asked, asked + 1)
    assert state.polls in (asked - 1, asked)
    assert state.missed >= 5 * asked
    assert plant.events(device) == ["device.down"]


def test_a_device_whose_configuration_is_broken_is_down_until_it_is_mended(
    plant: Plant, beside: Beside, services: Services, database: Database
) -> None:
    network = beside.network(beside.machine().port)
    device = plant.device(network.port)
    stream = plant.stream(device, "hr:1")
    rows = database.get_collection("devices", write_concern=DURABLE)
    rows.update_one({"_id": device}, {"$set": {"options": {"framing": "smoke"}}})
    with polling(services):
        wait_until(lambda: status(plant, device) == "down", "it is down")
        state = plant.state(device)
        assert state is not None
        assert state.error is not None
        assert (state.error["code"], network.connections) == ("bad_field", 0)
        change = {"$set": {"options": {"framing": "tcp"}}, "$inc": {"revision": 1}}
        rows.update_one({"_id": device}, change)
        has(plant, stream, 1)
    assert plant.events(device) == ["device.down", "device.up"]


def test_a_bad_point_is_a_gap_and_is_told_in_the_state(
    plant: Plant, beside: Beside, services: Services
) -> None:
    device = plant.device(beside.machine().port)
    good = plant.stream(device, "hr:1")
    bad = plant.stream(device, "hr:60000")
    with polling(services):
        has(plant, good, 3)
        wait_until(lambda: bool((state := plant.state(device)) and state.error), "it is told")
    state = plant.state(device)
    assert state is not None
    assert state.error is not None
    assert (state.status, state.error["code"]) == ("up", "device_refused")
    assert "'hr:60000'" in state.error["message"]
    assert plant.points(bad) == []


def test_devices_of_one_connection_take_turns(
    plant: Plant, beside: Beside, services: Services
) -> None:
    machine = beside.enter(OneAtATime())
    streams = []
    for number in range(3):
        machine.words["D"][100 + number] = number
        device = plant.device(machine.port, "melsec", poll_interval=0.4)
        streams.append(plant.stream(device, f"D{100 + number}"))
    with polling(services):
        for stream in streams:
            has(plant, stream, 5)
    for number, stream in enumerate(streams):
        assert {*plant.values(stream).values()} == {number}
        assert plant.events(plant.made[number]) == []
    assert machine.served >= 10


def test_a_disabled_device_is_read_directly_over_a_connection_that_another_one_is_polled_over(
    plant: Plant, beside: Beside, services: Services
) -> None:
    machine = beside.enter(OneAtATime())
    machine.words["D"][7] = 77
    stream = plant.stream(plant.device(machine.port, "melsec"), "D1")
    idle = plant.device(machine.port, "melsec", enabled=False)
    with polling(services):
        has(plant, stream, 2)
        found = [services.direct.read(idle, Read(address="D7"), ADMIN) for _ in range(3)]
        has(plant, stream, 2)
    assert [each.value for each in found] == [77] * 3
    assert plant.events(plant.made[0]) == []


def test_polling_that_breaks_says_so(services: Services) -> None:
    class Broken(RosterStore):
        def __init__(self) -> None:
            """It looks at nothing."""

        def mark(self) -> tuple[int, datetime]:
            raise RuntimeError("a fault of ours")

    broken = threading.Event()
    poller = Poller(replace(services, roster=Broken()), "tester", broken.set)
    poller.start()
    try:
        assert broken.wait(30)
    finally:
        poller.stop()


def test_the_state_tells_who_polls_and_how_it_goes(
    plant: Plant, beside: Beside, services: Services
) -> None:
    device = plant.device(beside.machine().port)
    plant.stream(device, "hr:1")
    with polling(services, "somebody"):
        wait_until(lambda: status(plant, device) == "up", "it is up")
        state = plant.state(device)
        assert state is not None
        assert state.worker == "somebody"
        assert state.last_good is not None
        assert state.latency_ms is not None
        assert state.error is None
    left = plant.state(device)
    assert left is not None
    assert (left.worker, left.status) == (None, "up")


def test_everything_that_was_read_is_stored_or_on_disk_when_polling_ends(
    plant: Plant, beside: Beside, services: Services
) -> None:
    device = plant.device(beside.machine().port, poll_interval=0.05)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 10)
    state = plant.state(device)
    assert state is not None
    counts = services.sink.counts()
    assert len(plant.points(stream)) + counts.waiting == state.polls
    assert counts.overflowed == 0


def test_a_device_that_is_removed_while_it_is_down_stops_nothing(
    plant: Plant, beside: Beside, services: Services, other: tuple[Chaos, int]
) -> None:
    """Its edge may wait to be told when it is gone already."""
    network = beside.network(beside.machine().port)
    device = plant.device(network.port, poll_interval=0.05)
    stream = plant.stream(device, "hr:1")
    with polling(services):
        has(plant, stream, 1)
        network.harm("reset")
        plant.remove(device)
        has(plant, other[1], 15)
        new = plant.stream(plant.device(beside.machine().port), "hr:1")
        has(plant, new, 1)
    assert plant.state(device) is None
