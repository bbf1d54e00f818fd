"""FEnet over a socket: our driver, and a client by others, against our simulator."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pyXGTClient.client import XGTClient  # type: ignore[import-untyped]

from hub.devices.contract import Point, Reading, Value
from hub.devices.fenet.driver import Fenet
from hub.devices.simulators.fenet import FenetSimulator
from hub.errors import BadAddress, BadDeviceValue, DeviceRefused
from hub.values import DataType
from tests.devices import device

VALUES: list[tuple[str, DataType | None, Value]] = [
    ("%MW100", None, 0x1234),
    ("MW101", "int16", -2),
    ("%MD100", None, 2**32 - 1),
    ("%DD50", "int32", -(2**31)),
    ("%ML60", "uint64", 2**64 - 1),
    ("%DL20", "int64", -(2**63)),
    ("%DW300", "fp16", 1.5),
    ("%DW310", "fp32", 3.25),
    ("%RW7", "fp64", -2.5),
    ("%MX2764", None, 1),
    ("%PW3.C", "bit", 1),
    ("%MB1001", None, 200),
    ("%DB2001", "int32", -7),
    ("%TX5", None, 1),
    ("%CW5", None, 42),
]


def on_simulator(act: Callable[[FenetSimulator, Fenet], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        async with (
            FenetSimulator() as plc,
            Fenet(device("fenet", plc.port, **options)) as driver,
        ):
            return await act(plc, driver)

    return asyncio.run(asyncio.wait_for(run(), 240))


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("cpu", ["xgk", "xgb_mk"])
def test_what_is_written_is_read_back(cpu: str, byteorder: Any) -> None:
    points = [Point(address, type_, byteorder) for address, type_, _ in VALUES]

    async def act(plc: FenetSimulator, driver: Fenet) -> list[Reading]:
        for point, (*_, value) in zip(points, VALUES, strict=True):
            await driver.write(point, value)
        return await driver.read(points)

    readings = on_simulator(act, cpu=cpu)
    assert [r.told() for r in readings] == [value for *_, value in VALUES]


@pytest.mark.parametrize(("byteorder", "data"), [("little", "78563412"), ("big", "34127856")])
def test_byte_order_is_that_of_words(byteorder: Any, data: str) -> None:
    async def act(plc: FenetSimulator, driver: Fenet) -> str:
        await driver.write(Point("%MD1", None, byteorder), 0x12345678)
        return plc.bytes["M"][4:8].hex()

    assert on_simulator(act) == data


def test_every_bit_is_read_and_written_by_itself() -> None:
    async def act(plc: FenetSimulator, driver: Fenet) -> tuple[bytes, list[Reading]]:
        plc.bytes["M"][0:3] = b"\xff\x00\xff"
        await driver.write(Point("%MX3"), 0)
        await driver.write(Point("%MX12"), 1)
        return bytes(plc.bytes["M"][0:3]), await driver.read([Point(f"%MX{n}") for n in range(24)])

    data, readings = on_simulator(act)
    assert data == b"\xf7\x10\xff"
    assert [r.told() for r in readings] == [data[n // 8] >> n % 8 & 1 for n in range(24)]


def test_thousands_of_points_come_in_order() -> None:
    points = [Point(f"%DW{n}") for n in range(2000)] + [Point(f"%MW{50 * n}") for n in range(500)]

    async def act(plc: FenetSimulator, driver: Fenet) -> list[Reading]:
        plc.bytes["D"][:4000] = struct.pack("<2000H", *range(2000))
        plc.bytes["M"][:60000] = struct.pack("<30000H", *range(30000))
        return await driver.read(points)

    told = [r.told() for r in on_simulator(act)]
    assert told == [*range(2000), *range(0, 25000, 50)]


def test_one_point_beyond_the_last_spoils_no_other() -> None:
    points = [Point("%DW0"), Point("%DW32760"), Point("%DW32768"), Point("%DW9"), Point("%X")]

    async def act(plc: FenetSimulator, driver: Fenet) -> list[Reading]:
        plc.bytes["D"][0], plc.bytes["D"][18], plc.bytes["D"][65520] = 1, 2, 3
        return await driver.read(points)

    readings = on_simulator(act)
    assert [r.value for r in readings] == [1, 3, None, 2, None]
    assert isinstance(readings[2].error, DeviceRefused)
    assert readings[2].error.detail["device_code"] == "0x04"
    assert isinstance(readings[4].error, BadAddress)


@pytest.mark.parametrize(
    ("address", "type_", "value", "error"),
    [
        ("%MW0", None, 70_000, BadDeviceValue),
        ("%MX0", None, 2, BadDeviceValue),
        ("%MB0", None, -1, BadDeviceValue),
        ("%CW0", "byte", 1, BadAddress),
        ("MW", None, 1, BadAddress),
        ("%DW32768", None, 1, DeviceRefused),
    ],
)
def test_what_cannot_be_written_is_named(
    address: str, type_: DataType | None, value: Any, error: type[Exception]
) -> None:
    async def act(plc: FenetSimulator, driver: Fenet) -> None:
        await driver.write(Point(address, type_), value)

    with pytest.raises(error):
        on_simulator(act)


def by_others(act: Callable[[Any], Any]) -> tuple[Any, FenetSimulator]:
    """What another's client makes of our simulator, and the simulator afterwards."""

    async def run() -> tuple[Any, FenetSimulator]:
        async with FenetSimulator() as plc:
            plc.bytes["M"][200:206] = bytes.fromhex("341278560100")

            def ask() -> Any:
                client = XGTClient(host="127.0.0.1", port=plc.port, timeout=60.0)
                assert client.open()
                try:
                    return act(client)
                finally:
                    client.close()

            return await asyncio.to_thread(ask), plc

    return asyncio.run(asyncio.wait_for(run(), 240))


class TestAnotherClient:
    def test_reads_words(self) -> None:
        read, _ = by_others(lambda c: c.readData(["%MW100", "%MW101"]))
        assert read == [0x1234, 0x5678]

    def test_reads_bits(self) -> None:
        read, _ = by_others(lambda c: c.readData(["%MX1632", "%MX1633"]))
        assert read == [1, 0]

    def test_reads_long_words(self) -> None:
        read, _ = by_others(lambda c: c.readData(["%MD50"]))
        assert read == [0x56781234]

    def test_reads_continuously(self) -> None:
        read, _ = by_others(lambda c: c.readContinuousData("%MB200", 4))
        assert read == [0x34, 0x12, 0x78, 0x56]

    def test_writes_words(self) -> None:
        _, plc = by_others(lambda c: c.writeData(["%MW100", "%MW200"], [1, 2]))
        assert (plc.bytes["M"][200], plc.bytes["M"][400]) == (1, 2)

    def test_writes_bits(self) -> None:
        _, plc = by_others(lambda c: c.writeData(["%MX5"], [1]))
        assert plc.bytes["M"][0] == 1 << 5

    def test_writes_continuously(self) -> None:
        _, plc = by_others(lambda c: c.writeContinuousData("%MB10", [1, 2, 3]))
        assert plc.bytes["M"][10:13] == b"\x01\x02\x03"

    def test_is_told_of_what_is_beyond_the_last(self) -> None:
        with pytest.raises(ValueError, match="Nak"):
            by_others(lambda c: c.readData(["%MW32768"]))
