"""MELSEC over a socket: our driver, and a client by others, against our simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pymcprotocol  # type: ignore[import-untyped]
import pytest

from hub.devices.contract import Point, Reading, Value
from hub.devices.melsec.driver import Melsec
from hub.devices.simulators.melsec import MelsecSimulator
from hub.errors import BadAddress, BadDeviceValue, DeviceRefused
from hub.values import DataType
from tests.devices import device

LINES: list[dict[str, Any]] = [
    {"frame": frame, "series": series}
    for frame in ("3E", "4E")
    for series in ("q", "l", "iqf", "iqr")
]
VALUES: list[tuple[str, DataType | None, Value]] = [
    ("D100", None, 0x1234),
    ("D101", "int16", -2),
    ("D110", "int32", -(2**31)),
    ("D16000", "uint64", 2**64 - 1),
    ("D200", "int64", -(2**63)),
    ("W1A", "fp16", 1.5),
    ("ZR30000", "fp32", 3.25),
    ("R7", "fp64", -2.5),
    ("M100", None, 1),
    ("M201", "uint16", 0xBEEF),
    ("X1F", "bit", 1),
    ("B20", "int32", -7),
    ("TN3", None, 42),
    ("TS3", None, 1),
]


def on_simulator(act: Callable[[MelsecSimulator, Melsec], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        async with (
            MelsecSimulator() as plc,
            Melsec(device("melsec", plc.port, **options)) as driver,
        ):
            return await act(plc, driver)

    return asyncio.run(asyncio.wait_for(run(), 240))


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("line", LINES, ids=lambda line: "-".join(line.values()))
def test_what_is_written_is_read_back(line: dict[str, Any], byteorder: Any) -> None:
    points = [Point(address, type_, byteorder) for address, type_, _ in VALUES]

    async def act(plc: MelsecSimulator, driver: Melsec) -> list[Reading]:
        for point, (*_, value) in zip(points, VALUES, strict=True):
            await driver.write(point, value)
        return await driver.read(points)

    readings = on_simulator(act, **line)
    assert [r.told() for r in readings] == [value for *_, value in VALUES]


@pytest.mark.parametrize(
    ("byteorder", "words"), [("little", [0x5678, 0x1234]), ("big", [0x1234, 0x5678])]
)
def test_byte_order_is_that_of_words(byteorder: Any, words: list[int]) -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> list[int]:
        await driver.write(Point("D10", "uint32", byteorder), 0x12345678)
        return plc.words["D"][10:12]

    assert on_simulator(act) == words


def test_bits_of_words_are_read() -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> list[Reading]:
        plc.words["D"][5] = 0x8421
        return await driver.read([Point(f"D5.{n}") for n in range(16)])

    assert [n for n, r in enumerate(on_simulator(act)) if r.told()] == [0, 5, 10, 15]


def test_the_low_byte_of_a_word_is_read() -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> list[Reading]:
        plc.words["D"][5] = 0x8421
        return await driver.read([Point("D5", "byte")])

    assert on_simulator(act)[0].told() == 0x21


@pytest.mark.parametrize("address", ["LTN3", "LCN4", "LZ1"])
def test_long_devices_are_read_and_written_32_bits_at_a_time(address: str) -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> Value | None:
        await driver.write(Point(address), 70_000)
        return (await driver.read([Point(address)]))[0].told()

    assert on_simulator(act, series="iqr") == 70_000


def test_thousands_of_scattered_words_come_in_order() -> None:
    points = [Point(f"D{7 * n}") for n in range(1000)] + [Point(f"W{n:04X}") for n in range(1000)]

    async def act(plc: MelsecSimulator, driver: Melsec) -> list[Reading]:
        plc.words["D"][:7000] = range(7000)
        plc.words["W"][:0x1000] = range(0x1000)
        return await driver.read(points)

    told = [r.told() for r in on_simulator(act)]
    assert told == [7 * n for n in range(1000)] + list(range(1000))


def test_one_point_beyond_the_last_spoils_no_other() -> None:
    points = [Point("D0"), Point("D32760"), Point("D32770"), Point("D9"), Point("nonsense")]

    async def act(plc: MelsecSimulator, driver: Melsec) -> list[list[Reading]]:
        plc.words["D"][0], plc.words["D"][9], plc.words["D"][32760] = 1, 2, 3
        return [await driver.read(points) for _ in range(3)]

    for readings in on_simulator(act):
        assert [r.value for r in readings] == [1, 3, None, 2, None]
        assert isinstance(readings[2].error, DeviceRefused)
        assert readings[2].error.detail["device_code"] == "0xC056"
        assert readings[2].error.detail["address"] == "D32770"
        assert isinstance(readings[4].error, BadAddress)


def test_a_number_that_is_not_finite_is_uncertain() -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> list[Reading]:
        plc.words["D"][0:2] = [0, 0x7FC0]
        return await driver.read([Point("D0", "fp32")])

    assert on_simulator(act) == [Reading(None, "uncertain")]


@pytest.mark.parametrize(
    ("address", "type_", "value", "error"),
    [
        ("D0", "uint16", 70_000, BadDeviceValue),
        ("D0", "uint16", "1", BadDeviceValue),
        ("M0", None, 2, BadDeviceValue),
        ("D0.3", None, 1, BadAddress),
        ("D0", "byte", 1, BadAddress),
        ("Q0", None, 1, BadAddress),
        ("D32768", None, 1, DeviceRefused),
    ],
)
def test_what_cannot_be_written_is_named(
    address: str, type_: DataType | None, value: Any, error: type[Exception]
) -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> None:
        await driver.write(Point(address, type_), value)

    with pytest.raises(error):
        on_simulator(act)


def test_writing_leaves_its_neighbours_alone() -> None:
    async def act(plc: MelsecSimulator, driver: Melsec) -> tuple[list[int], list[int]]:
        plc.words["D"][:4], plc.bits["M"][:4] = [9, 9, 9, 9], [0, 0, 0, 0]
        await driver.write(Point("D1", "int32"), 0)
        await driver.write(Point("M1"), True)
        return plc.words["D"][:4], plc.bits["M"][:4]

    assert on_simulator(act) == ([9, 0, 0, 9], [0, 1, 0, 0])


def by_others(act: Callable[[Any], Any], plctype: str, frame: str = "3E") -> tuple[Any, Any]:
    """What another's client makes of our simulator, and the simulator afterwards."""

    async def run() -> tuple[Any, Any]:
        async with MelsecSimulator() as plc:
            plc.words["D"][:100] = range(100)
            plc.bits["M"][:4] = [1, 0, 1, 1]

            def ask() -> Any:
                kind = pymcprotocol.Type4E if frame == "4E" else pymcprotocol.Type3E
                client = kind(plctype=plctype)
                client.connect("127.0.0.1", plc.port)
                try:
                    return act(client)
                finally:
                    client.close()

            return await asyncio.to_thread(ask), plc

    return asyncio.run(asyncio.wait_for(run(), 240))


@pytest.mark.parametrize("frame", ["3E", "4E"])
@pytest.mark.parametrize("plctype", ["Q", "L", "iQ-L", "iQ-R"])
class TestAnotherClient:
    def test_reads_words(self, plctype: str, frame: str) -> None:
        read, _ = by_others(lambda c: c.batchread_wordunits("D10", 5), plctype, frame)
        assert read == [10, 11, 12, 13, 14]

    def test_reads_bits(self, plctype: str, frame: str) -> None:
        read, _ = by_others(lambda c: c.batchread_bitunits("M0", 5), plctype, frame)
        assert read == [1, 0, 1, 1, 0]

    def test_reads_at_random(self, plctype: str, frame: str) -> None:
        read, _ = by_others(lambda c: c.randomread(["D1", "D3"], ["D50"]), plctype, frame)
        assert read == ([1, 3], [51 << 16 | 50])

    def test_writes_words(self, plctype: str, frame: str) -> None:
        _, plc = by_others(lambda c: c.batchwrite_wordunits("D10", [7, -1]), plctype, frame)
        assert plc.words["D"][10:12] == [7, 0xFFFF]

    def test_writes_bits(self, plctype: str, frame: str) -> None:
        _, plc = by_others(lambda c: c.batchwrite_bitunits("M10", [1, 0, 1]), plctype, frame)
        assert plc.bits["M"][10:13] == [1, 0, 1]

    def test_writes_at_random(self, plctype: str, frame: str) -> None:
        def write(client: Any) -> None:
            client.randomwrite(["D1"], [77], ["D20"], [1 << 16])

        _, plc = by_others(write, plctype, frame)
        assert (plc.words["D"][1], plc.words["D"][20:22]) == (77, [0, 1])

    def test_is_told_of_what_is_beyond_the_last(self, plctype: str, frame: str) -> None:
        with pytest.raises(pymcprotocol.mcprotocolerror.MCProtocolError, match="0xC056"):
            by_others(lambda c: c.batchread_wordunits("D32768", 1), plctype, frame)
