"""OPC UA: being told of changes, until the server or the network ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from asyncua import ua

from hub.devices.contract import Point, Reading
from hub.devices.opcua.driver import Opcua
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.errors import BadAddress, DeviceError, DeviceRefused, DeviceTimeout
from tests.chaos import Chaos
from tests.devices import device

T = ua.VariantType
POINTS = [Point("ns=2;s=a"), Point("ns=2;s=b")]
Told = AsyncGenerator[tuple[int, Reading], None]
Act = Callable[[OpcuaSimulator, Chaos, Opcua], Awaitable[Any]]


def on_simulator(act: Act, timeout_s: float = 60.0) -> Any:
    """Does something with a server of two numbers, and a driver behind a network."""

    async def run() -> Any:
        async with OpcuaSimulator() as server, Chaos(server.port) as chaos:
            await server.add_variable("a", 1.0, T.Double)
            await server.add_variable("b", 2.0, T.Double)
            async with Opcua(device("opcua", chaos.port, timeout_s=timeout_s)) as driver:
                return await act(server, chaos, driver)

    return asyncio.run(asyncio.wait_for(run(), 240))


async def next_of(told: Told) -> tuple[int, Any]:
    number, reading = await asyncio.wait_for(anext(told), 120)
    return number, reading.told()


def test_the_present_values_come_first_and_then_every_change() -> None:
    async def act(server: OpcuaSimulator, _: Chaos, driver: Opcua) -> list[Any]:
        async with aclosing(driver.watch(POINTS, sampling_s=0.02)) as told:
            first = sorted([await next_of(told), await next_of(told)])
            later = []
            for value in (5.0, 6.0):
                await server.set("b", value, T.Double)
                later.append(await next_of(told))
            return [*first, *later]

    assert on_simulator(act) == [(0, 1.0), (1, 2.0), (1, 5.0), (1, 6.0)]


def test_a_change_within_the_deadband_is_not_told() -> None:
    async def act(server: OpcuaSimulator, _: Chaos, driver: Opcua) -> list[Any]:
        async with aclosing(driver.watch(POINTS[:1], sampling_s=0.02, deadband=1.0)) as told:
            first = await next_of(told)
            await server.set("a", 1.5, T.Double)
            await server.set("a", 7.0, T.Double)
            return [first, await next_of(told)]

    assert on_simulator(act) == [(0, 1.0), (0, 7.0)]


def test_a_bad_point_spoils_no_other() -> None:
    points = [Point("ns=2;s=missing"), Point("nonsense"), Point("nsu=urn:no;i=1"), POINTS[0]]

    async def act(_: OpcuaSimulator, __: Chaos, driver: Opcua) -> dict[int, Any]:
        async with aclosing(driver.watch(points, sampling_s=0.02)) as told:
            return dict([await asyncio.wait_for(anext(told), 120) for _ in points])

    readings = on_simulator(act)
    kinds = [type(readings[n].error) for n in range(4)]
    assert kinds == [DeviceRefused, BadAddress, DeviceRefused, type(None)]
    assert readings[0].error.detail["reason"] == "BadNodeIdUnknown"
    assert readings[3].value == 1.0


def test_reading_and_writing_go_on_meanwhile() -> None:
    async def act(_: OpcuaSimulator, __: Chaos, driver: Opcua) -> list[Any]:
        async with aclosing(driver.watch(POINTS[:1], sampling_s=0.02)) as told:
            first = await next_of(told)
            await driver.write(POINTS[0], 9.0)
            read = (await driver.read(POINTS[:1]))[0].told()
            return [first, read, await next_of(told)]

    assert on_simulator(act) == [(0, 1.0), 9.0, (0, 9.0)]


@pytest.mark.parametrize("harm", ["stall", "reset"])
def test_a_lost_connection_is_noticed_in_time(harm: Any) -> None:
    async def act(_: OpcuaSimulator, chaos: Chaos, driver: Opcua) -> Exception:
        async with aclosing(driver.watch(POINTS[:1], sampling_s=0.02, idle_s=0.5)) as told:
            await next_of(told)
            chaos.harm(harm)
            with pytest.raises(DeviceError) as caught:
                await next_of(told)
            return caught.value

    error = on_simulator(act, timeout_s=3.0)
    assert error.code in ("device_timeout", "device_unreachable")


def test_after_a_lost_connection_a_new_watch_begins_anew() -> None:
    async def act(_: OpcuaSimulator, chaos: Chaos, driver: Opcua) -> Any:
        chaos.harm("drop")
        with pytest.raises(DeviceTimeout):
            await driver.read(POINTS)
        chaos.harm("none")
        async with aclosing(driver.watch(POINTS[:1], sampling_s=0.02)) as told:
            return await next_of(told)

    assert on_simulator(act, timeout_s=3.0) == (0, 1.0)
