"""Modbus over a socket: our driver against the library's server, and against one by others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from pyModbusTCP.server import DataBank, ModbusServer  # type: ignore[import-untyped]

from hub.devices.contract import Point, Reading, Value
from hub.devices.modbus.driver import Modbus
from hub.devices.simulators.modbus import ModbusSimulator
from hub.errors import BadAddress, BadDeviceValue, DeviceRefused
from hub.values import DataType
from tests.devices import device

VALUES: list[tuple[str, DataType | None, Value]] = [
    ("40101", None, 0x1234),
    ("hr:101", "int16", -2),
    ("102", "int32", -(2**31)),
    ("hr:104", "uint64", 2**64 - 1),
    ("hr:108", "int64", -(2**63)),
    ("hr:112", "fp16", 1.5),
    ("hr:113", "fp32", 3.25),
    ("hr:115", "fp64", -2.5),
    ("coil:3", None, 1),
    ("00005", None, 1),
    ("hr:200.5", None, 1),
    ("hr:201", "byte", 0x81),
]


def on_simulator(
    act: Callable[[ModbusSimulator, Modbus], Awaitable[Any]], unit: int = 1, **options: Any
) -> Any:
    async def run() -> Any:
        framing = options.get("framing", "tcp")
        async with (
            ModbusSimulator(framing=framing, unit=unit) as plc,
            Modbus(device("modbus", plc.port, unit=unit, **options)) as driver,
        ):
            return await act(plc, driver)

    return asyncio.run(asyncio.wait_for(run(), 240))


@pytest.mark.parametrize("byte_swap", [False, True])
@pytest.mark.parametrize("word_order", ["big", "little"])
@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_what_is_written_is_read_back(framing: str, word_order: str, byte_swap: bool) -> None:
    points = [Point(address, type_) for address, type_, _ in VALUES]

    async def act(plc: ModbusSimulator, driver: Modbus) -> list[Reading]:
        for point, (*_, value) in zip(points, VALUES, strict=True):
            await driver.write(point, value)
        return await driver.read(points)

    readings = on_simulator(act, 17, framing=framing, word_order=word_order, byte_swap=byte_swap)
    assert [r.told() for r in readings] == [value for *_, value in VALUES]


def test_every_table_is_its_own() -> None:
    async def act(plc: ModbusSimulator, driver: Modbus) -> list[Reading]:
        await plc.set("input", 5, [7])
        await plc.set("holding", 5, [8])
        await plc.set("discrete", 5, [1])
        return await driver.read([Point("30006"), Point("40006"), Point("10006"), Point("coil:5")])

    assert [r.told() for r in on_simulator(act)] == [7, 8, 1, 0]


def test_a_bit_is_written_without_its_neighbours() -> None:
    async def act(plc: ModbusSimulator, driver: Modbus) -> list[int]:
        await plc.set("holding", 9, [0xF0F0])
        await driver.write(Point("hr:9.0"), 1)
        await driver.write(Point("hr:9.15"), 0)
        return await plc.get("holding", 9)

    assert on_simulator(act) == [0x70F1]


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_one_point_beyond_the_last_spoils_no_other(framing: str) -> None:
    points = [Point("hr:9990"), Point("hr:9999"), Point("hr:10002"), Point("hr:0"), Point("?")]

    async def act(plc: ModbusSimulator, driver: Modbus) -> list[list[Reading]]:
        await plc.set("holding", 9990, [1])
        await plc.set("holding", 9999, [2])
        return [await driver.read(points) for _ in range(3)]

    for readings in on_simulator(act, framing=framing):
        assert [r.value for r in readings] == [1, 2, None, 0, None]
        assert isinstance(readings[2].error, DeviceRefused)
        assert readings[2].error.detail["device_code"] == "0x02"
        assert isinstance(readings[4].error, BadAddress)


@pytest.mark.parametrize(
    ("address", "type_", "value", "error"),
    [
        ("hr:0", None, 70_000, BadDeviceValue),
        ("hr:0", None, -1, BadDeviceValue),
        ("coil:0", None, 2, BadDeviceValue),
        ("hr:0.1", None, "on", BadDeviceValue),
        ("ir:0", None, 1, BadAddress),
        ("di:0", None, 1, BadAddress),
        ("40000", None, 1, BadAddress),
        ("hr:10000", None, 1, DeviceRefused),
    ],
)
def test_what_cannot_be_written_is_named(
    address: str, type_: DataType | None, value: Any, error: type[Exception]
) -> None:
    async def act(plc: ModbusSimulator, driver: Modbus) -> None:
        await driver.write(Point(address, type_), value)

    with pytest.raises(error):
        on_simulator(act)


def test_a_unit_that_is_not_there_refuses_every_point() -> None:
    async def run() -> list[Reading]:
        async with (
            ModbusSimulator(unit=1) as plc,
            Modbus(device("modbus", plc.port, unit=9)) as driver,
        ):
            return await driver.read([Point(f"hr:{n}") for n in range(125)])

    errors = [r.error for r in asyncio.run(asyncio.wait_for(run(), 240))]
    assert all(isinstance(error, DeviceRefused) for error in errors)


@pytest.fixture(scope="module")
def others() -> Iterator[ModbusServer]:
    """A server by others, with its data bank."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ModbusServer("127.0.0.1", port, no_block=True, data_bank=DataBank())
    server.start()
    yield server
    server.stop()


def with_others(server: ModbusServer, act: Callable[[Modbus], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Modbus(device("modbus", server.port)) as driver:
            return await act(driver)

    return asyncio.run(asyncio.wait_for(run(), 240))


class TestAnotherServer:
    def test_gives_all_four_tables(self, others: ModbusServer) -> None:
        others.data_bank.set_holding_registers(10, [1, 0xFFFE])
        others.data_bank.set_input_registers(10, [3])
        others.data_bank.set_coils(10, [True])
        others.data_bank.set_discrete_inputs(10, [True])
        points = [
            Point("40011"),
            Point("hr:11", "int16"),
            Point("30011"),
            Point("00011"),
            Point("10011"),
            Point("10012"),
        ]
        read = with_others(others, lambda d: d.read(points))
        assert [r.told() for r in read] == [1, -2, 3, 1, 1, 0]

    def test_takes_single_and_several_registers(self, others: ModbusServer) -> None:
        async def act(driver: Modbus) -> None:
            await driver.write(Point("hr:20"), 5)
            await driver.write(Point("hr:21", "uint32"), 0x12345678)

        with_others(others, act)
        assert others.data_bank.get_holding_registers(20, 3) == [5, 0x1234, 0x5678]

    def test_takes_coils(self, others: ModbusServer) -> None:
        with_others(others, lambda d: d.write(Point("coil:30"), True))
        assert others.data_bank.get_coils(29, 3) == [False, True, False]

    def test_has_no_mask_write_and_is_not_read_to_be_written_back(
        self, others: ModbusServer
    ) -> None:
        with pytest.raises(DeviceRefused) as caught:
            with_others(others, lambda d: d.write(Point("hr:40.1"), True))
        assert caught.value.detail["device_code"] == "0x01"

    def test_gives_thousands_of_registers_in_order(self, others: ModbusServer) -> None:
        for start in range(0, 5000, 100):
            others.data_bank.set_holding_registers(1000 + start, [*range(start, start + 100)])
        points = [Point(f"hr:{1000 + n}") for n in range(5000)]
        read = with_others(others, lambda d: d.read(points))
        assert [r.told() for r in read] == [*range(5000)]
