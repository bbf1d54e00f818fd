"""Whatever the network does: a right value or a named error in time, and then it works again."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import get_args

import pytest

from hub.devices.contract import Driver, Point, Reading
from hub.devices.registry import DRIVERS, open_driver
from hub.errors import DeviceError, DeviceTimeout, DeviceUnreachable, HubError
from tests.chaos import Chaos, Harm
from tests.devices import device
from tests.integration.devices.rigs import RIGS, VALUES, Rig, started

TIMEOUT_S = 0.4
PATIENCE_S = 60.0
"""So long an answer may take where that is not what a test is about, and recovery."""
END_S = 240.0
"""Whoever waits without a limit has not ended by then."""


Ports = dict[str, int]


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    with started() as ports:
        yield ports


def opened(rig: Rig, port: int, timeout_s: float = TIMEOUT_S) -> Driver:
    return open_driver(device(rig.kind, port, timeout_s=timeout_s, **rig.options))


async def outcome(driver: Driver, points: tuple[Point, ...]) -> list[Reading] | DeviceError:
    try:
        return await driver.read(points)
    except DeviceError as exc:
        return exc


def is_right(found: list[Reading] | DeviceError) -> bool:
    return isinstance(found, list) and [r.value for r in found] == list(VALUES)


def is_named(found: list[Reading] | DeviceError) -> bool:
    """Whether it is an error of the whole device, or one of each value that is not right."""
    if isinstance(found, DeviceError):
        return True
    told = zip(found, VALUES, strict=True)
    return all(r.value == value or isinstance(r.error, HubError) for r, value in told)


async def right_at_last(driver: Driver, rig: Rig) -> bool:
    """Whether it is read rightly, given several tries: this machine may be busy."""
    until = time.monotonic() + PATIENCE_S
    while not is_right(found := await outcome(driver, rig.points)):
        assert is_named(found), found
        if time.monotonic() > until:
            return False
    return True


async def written_at_last(driver: Driver, rig: Rig) -> bool:
    """As ``right_at_last``."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(DeviceError):
            await driver.write(rig.points[0], VALUES[0])
            return True
    return False


async def harmed(rig: Rig, chaos: Chaos, harm: Harm, at: int, *, warm: bool) -> None:
    """Read under harm, then without: in time, rightly or named, and rightly again."""
    driver = opened(rig, chaos.port)
    try:
        if warm:
            assert await right_at_last(driver, rig)
        chaos.harm(harm, at)
        found = await outcome(driver, rig.points)
        assert is_right(found) or is_named(found), (harm, at, found)
        chaos.harm("none")
        assert await right_at_last(driver, rig), (harm, at, found)
    finally:
        await driver.close()


def through_chaos(port: int, rig: Rig, harm: Harm, places: list[int], *, warm: bool) -> None:
    """The same harm at several bytes, each in a network of its own."""

    async def one(at: int) -> None:
        async with Chaos(port) as chaos:
            await harmed(rig, chaos, harm, at, warm=warm)

    async def run() -> None:
        for first in range(0, len(places), 12):
            await asyncio.gather(*(one(at) for at in places[first : first + 12]))

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("harm", ["split", "delay", "drop", "duplicate", "reset", "babble"])
@pytest.mark.parametrize("name", RIGS)
def test_harm_to_whole_answers(ports: Ports, name: str, harm: Harm, warm: bool) -> None:
    rig = RIGS[name]
    through_chaos(ports[name], rig, harm, [0], warm=warm)


@pytest.mark.parametrize("harm", ["close", "stall"])
@pytest.mark.parametrize("name", RIGS)
def test_answers_that_end_at_any_byte(ports: Ports, name: str, harm: Harm) -> None:
    rig = RIGS[name]
    step = max(1, rig.answer_bytes // 20)
    through_chaos(ports[name], rig, harm, list(range(0, rig.answer_bytes, step)), warm=True)


@pytest.mark.parametrize("name", RIGS)
def test_answers_with_any_byte_garbled_but_those_of_values(ports: Ports, name: str) -> None:
    rig = RIGS[name]
    step = max(1, len(rig.told) // 20)
    through_chaos(ports[name], rig, "garble", list(rig.told)[::step], warm=True)


@pytest.mark.parametrize("name", RIGS)
def test_splitting_and_a_short_delay_do_no_harm(ports: Ports, name: str) -> None:
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port, PATIENCE_S)
            for harm in ("split", "delay"):
                chaos.harm(harm)
                assert is_right(await outcome(driver, rig.points))
            await driver.close()
            assert chaos.connections == 1

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_silence_is_a_timeout(ports: Ports, name: str) -> None:
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port)
            assert await right_at_last(driver, rig)
            chaos.harm("drop")
            assert isinstance(await outcome(driver, rig.points), DeviceTimeout)
            await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_a_port_where_nobody_answers_is_unreachable(ports: Ports, name: str) -> None:
    rig = RIGS[name]

    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        driver = opened(rig, port)
        assert isinstance(await outcome(driver, rig.points), DeviceUnreachable)
        await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_tasks_take_turns_on_one_connection(ports: Ports, name: str) -> None:
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port, PATIENCE_S)
            found = await asyncio.gather(*(outcome(driver, rig.points) for _ in range(20)))
            await driver.close()
            await driver.close()
            assert all(is_right(each) for each in found)
            assert chaos.connections == 1

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_a_call_that_is_given_up_leaves_nothing_for_the_next(ports: Ports, name: str) -> None:
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port, PATIENCE_S)
            assert is_right(await outcome(driver, rig.points))
            chaos.harm("hold")
            reading = asyncio.create_task(driver.read(rig.points))
            await chaos.held.wait()
            reading.cancel()
            await asyncio.wait([reading])
            assert reading.cancelled()
            chaos.go.set()
            chaos.harm("none")
            assert is_right(await outcome(driver, rig.points))
            await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_an_answer_that_came_twice_is_not_taken_for_the_next(ports: Ports, name: str) -> None:
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port, PATIENCE_S)
            await driver.open()
            chaos.harm("duplicate")
            for _ in range(5):
                for point, value in zip(rig.points, VALUES, strict=True):
                    found = await outcome(driver, (point,))
                    assert isinstance(found, DeviceError) or found[0].value == value
            await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(ports: Ports, name: str) -> None:
    """It is as long as the next one, and no protocol but some says what it is an answer to."""
    rig, port = RIGS[name], ports[name]

    async def run() -> None:
        async with Chaos(port) as chaos:
            driver = opened(rig, chaos.port)
            assert await right_at_last(driver, rig)
            chaos.harm("hold")
            assert isinstance(await outcome(driver, rig.points[:1]), DeviceTimeout)
            chaos.harm("none")
            chaos.go.set()
            until = time.monotonic() + PATIENCE_S
            while isinstance(found := await outcome(driver, rig.points[1:]), DeviceError):
                assert time.monotonic() < until, found
            assert [reading.value for reading in found] == [VALUES[1]]
            await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


def test_every_kind_has_a_rig() -> None:
    assert {rig.kind for rig in RIGS.values()} == set(DRIVERS)


def test_every_harm_is_done() -> None:
    done = {"split", "delay", "drop", "duplicate", "reset", "babble", "close", "stall", "garble"}
    done |= {"hold"}
    assert done | {"none"} == set(get_args(Harm))


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: whoever knocks gets no answer at all."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.mark.parametrize("name", RIGS)
def test_a_host_that_does_not_answer_at_all_is_unreachable_in_time(
    full_port: int, name: str
) -> None:
    async def run() -> None:
        driver = opened(RIGS[name], full_port)
        assert isinstance(await outcome(driver, RIGS[name].points), DeviceUnreachable)
        await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("name", RIGS)
def test_a_host_of_no_known_name_is_unreachable(name: str) -> None:
    async def run() -> None:
        rig = RIGS[name]
        target = device(
            rig.kind, 1, host="no-such-host.invalid", timeout_s=PATIENCE_S, **rig.options
        )
        assert isinstance(await outcome(open_driver(target), rig.points), DeviceUnreachable)

    asyncio.run(asyncio.wait_for(run(), END_S))


@pytest.mark.parametrize("harm", ["drop", "reset", "close", "babble", "split"])
@pytest.mark.parametrize("name", RIGS)
def test_a_write_is_confirmed_or_named_and_then_one_is_confirmed(
    ports: Ports, name: str, harm: Harm
) -> None:
    rig = RIGS[name]

    async def run() -> None:
        async with Chaos(ports[name]) as chaos:
            driver = opened(rig, chaos.port)
            assert await right_at_last(driver, rig)
            chaos.harm(harm)
            with suppress(DeviceError):
                await driver.write(rig.points[0], VALUES[0])
                assert harm == "split"
            chaos.harm("none")
            assert await right_at_last(driver, rig)
            assert await written_at_last(driver, rig)
            await driver.close()

    asyncio.run(asyncio.wait_for(run(), END_S))
