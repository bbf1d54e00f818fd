"""Our Modbus driver against other people's servers: libmodbus' and modbus-serial's."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.devices.contract import Point, Value
from hub.devices.modbus.driver import Modbus
from hub.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceTimeout
from hub.values import DataType
from tests.devices import device
from tests.interop.others import built, running, script
from tests.live import PATIENCE_S, free_port

Act = Callable[[Modbus], Awaitable[Any]]
TIMEOUT_S = 60.0

HOLDING, BUSY, SLOW, INPUT, COILS, INPUTS = 0x160, 0x170, 0x172, 0x108, 0x130, 0x1C4
"""What libmodbus' server has where, as its header file says. It answers
for one register where two are asked for."""
INPUT_BITS = [0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1]
"""AC DB 35, from the lowest bit on."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("libmodbus"))


@pytest.fixture
def libmodbus(program: Path, tmp_path: Path) -> Iterator[int]:
    """The port of a server that takes one connection, and ends with it."""
    port = free_port()
    with running([str(program), "tcp", str(port)], port, tmp_path):
        yield port


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with running(script("modbus-server.js", port), port, tmp_path_factory.mktemp("serial")):
        yield port


def on(port: int, act: Act, timeout_s: float = TIMEOUT_S, **options: Any) -> Any:
    async def run() -> Any:
        async with Modbus(device("modbus", port, timeout_s=timeout_s, **options)) as driver:
            return await act(driver)

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


async def values(driver: Modbus, *points: Point) -> list[Value | None]:
    return [reading.told() for reading in await driver.read(points)]


async def refusal(driver: Modbus, address: str) -> dict[str, Any]:
    (reading,) = await driver.read([Point(address)])
    assert isinstance(reading.error, DeviceRefused)
    return reading.error.detail


class TestLibmodbus:
    def test_inputs_are_read(self, libmodbus: int) -> None:
        bits = [Point(f"di:{INPUTS + n}") for n in range(len(INPUT_BITS))]
        found = on(libmodbus, lambda d: values(d, *bits, Point(f"ir:{INPUT}")))
        assert found == [*INPUT_BITS, 10]

    def test_coils_and_registers_are_written_and_read_back(self, libmodbus: int) -> None:
        async def act(driver: Modbus) -> list[Value | None]:
            for number in (0, 3, 36):
                await driver.write(Point(f"coil:{COILS + number}"), 1)
            await driver.write(Point(f"hr:{HOLDING}"), 0x022B)
            await driver.write(Point(f"hr:{HOLDING + 1}", "int16"), -2)
            coils = [Point(f"coil:{COILS + number}") for number in range(37)]
            registers = [Point(f"hr:{HOLDING + number}") for number in range(3)]
            return await values(driver, *coils, *registers)

        found = on(libmodbus, act)
        assert [number for number, coil in enumerate(found[:37]) if coil] == [0, 3, 36]
        assert found[37:] == [0x022B, 0xFFFE, 0]

    @pytest.mark.parametrize(
        ("word_order", "byte_swap", "registers"),
        [
            ("big", False, [0x47F1, 0x2000]),
            ("little", False, [0x2000, 0x47F1]),
            ("big", True, [0xF147, 0x0020]),
            ("little", True, [0x0020, 0xF147]),
        ],
    )
    def test_a_float_lies_in_each_of_the_four_orders_of_its_header(
        self, libmodbus: int, word_order: str, byte_swap: bool, registers: list[int]
    ) -> None:
        async def act(driver: Modbus) -> list[Value | None]:
            await driver.write(Point(f"hr:{HOLDING}", "fp32"), 123456.0)
            return await values(driver, *raw, Point(f"hr:{HOLDING}", "fp32"))

        raw = [Point(f"hr:{HOLDING + n}") for n in range(3)]
        *found, value = on(libmodbus, act, word_order=word_order, byte_swap=byte_swap)
        words = [int.from_bytes(w.to_bytes(2, "little"), "big") if byte_swap else w for w in found]
        assert (words[:2], value) == (registers, 123456.0)

    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            ("uint64", 2**64 - 2),
            ("int64", -(2**63) + 1),
            ("fp64", -1.25e300),
        ],
    )
    def test_long_values_come_back_exactly(
        self, libmodbus: int, type_: DataType, value: Value
    ) -> None:
        point = Point(f"hr:{HOLDING + 4}", type_)

        async def act(driver: Modbus) -> list[Value | None]:
            await driver.write(point, value)
            return await values(driver, point)

        assert on(libmodbus, act) == [value]

    def test_a_bit_and_a_byte_are_written_by_mask(self, libmodbus: int) -> None:
        async def act(driver: Modbus) -> list[Value | None]:
            await driver.write(Point(f"hr:{HOLDING}"), 0x1234)
            await driver.write(Point(f"hr:{HOLDING}.15"), 1)
            await driver.write(Point(f"hr:{HOLDING}", "byte"), 0xEE)
            return await values(driver, Point(f"hr:{HOLDING}"))

        assert on(libmodbus, act) == [0x92EE]

    def test_an_answer_of_another_length_is_garbled(self, libmodbus: int) -> None:
        with pytest.raises(DeviceGarbled):
            on(libmodbus, lambda d: d.read([Point(f"hr:{HOLDING}", "uint32")]))

    def test_an_address_that_there_is_not_is_refused_with_its_code(self, libmodbus: int) -> None:
        async def act(driver: Modbus) -> Any:
            return await refusal(driver, "hr:5"), await values(driver, Point(f"ir:{INPUT}"))

        refused, after = on(libmodbus, act)
        assert (refused["device_code"], after) == ("0x02", [10])

    def test_a_busy_device_is_said_to_be(self, libmodbus: int) -> None:
        detail = on(libmodbus, lambda d: refusal(d, f"hr:{BUSY}"))
        assert (detail["device_code"], detail["reason"]) == ("0x06", "it is busy")

    def test_an_answer_that_takes_half_a_second_comes(self, libmodbus: int) -> None:
        assert on(libmodbus, lambda d: values(d, Point(f"hr:{SLOW}"))) == [0]

    def test_an_answer_that_takes_too_long_is_a_timeout(self, libmodbus: int) -> None:
        async def act(driver: Modbus) -> None:
            assert await values(driver, Point(f"ir:{INPUT}")) == [10]
            driver.timeout_s = 0.2
            while True:
                await driver.read([Point(f"hr:{SLOW}")])

        with pytest.raises(DeviceTimeout):
            on(libmodbus, act)

    def test_a_server_that_was_killed_and_is_back_is_read_again(
        self, program: Path, tmp_path: Path
    ) -> None:
        port = free_port()
        command = [str(program), "tcp", str(port)]

        async def act(driver: Modbus, process: Any) -> None:
            assert await values(driver, Point(f"ir:{INPUT}")) == [10]
            process.kill()
            process.wait()
            with pytest.raises(DeviceError):
                await driver.read([Point(f"ir:{INPUT}")])
            with running(command, port, tmp_path):
                assert await values(driver, Point(f"ir:{INPUT}")) == [10]

        async def run() -> None:
            with running(command, port, tmp_path) as process:
                async with Modbus(device("modbus", port, timeout_s=TIMEOUT_S)) as driver:
                    await act(driver, process)

        asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


class TestModbusSerial:
    def test_all_four_tables_are_read_in_few_requests(self, serial: int) -> None:
        points = [Point(f"ir:{n}") for n in range(200)] + [Point(f"di:{n}") for n in range(200)]
        found = on(serial, lambda d: values(d, *points))
        assert found == [1000 + n for n in range(200)] + [int(n % 3 == 0) for n in range(200)]

    @pytest.mark.parametrize("word_order", ["big", "little"])
    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            ("int16", -7),
            ("uint32", 4_000_000_000),
            ("int64", -(2**62)),
            ("fp32", -0.5),
            ("fp64", 0.1),
        ],
    )
    def test_what_is_written_is_read_back(
        self, serial: int, word_order: str, type_: DataType, value: Value
    ) -> None:
        async def act(driver: Modbus) -> list[Value | None]:
            await driver.write(Point("hr:10", type_), value)
            return await values(driver, Point("hr:10", type_))

        assert on(serial, act, word_order=word_order) == [value]

    def test_a_coil_is_switched(self, serial: int) -> None:
        async def act(driver: Modbus) -> list[Value | None]:
            await driver.write(Point("coil:9"), 1)
            switched = await values(driver, Point("coil:8"), Point("coil:9"))
            await driver.write(Point("coil:9"), 0)
            return switched + await values(driver, Point("coil:9"))

        assert on(serial, act) == [0, 1, 0]

    def test_one_point_beyond_the_last_spoils_no_other(self, serial: int) -> None:
        found = on(serial, lambda d: d.read([Point("ir:199"), Point("ir:200"), Point("ir:0")]))
        assert [reading.value for reading in found] == [1199, None, 1000]
        assert found[1].error.detail["device_code"] == "0x02"

    def test_a_command_that_it_does_not_have_is_refused_with_its_code(self, serial: int) -> None:
        with pytest.raises(DeviceRefused) as caught:
            on(serial, lambda d: d.write(Point("hr:0.3"), 1))
        assert caught.value.detail["device_code"] == "0x01"

    def test_a_server_that_stops_for_a_while_is_a_timeout_and_then_read_again(
        self, tmp_path: Path
    ) -> None:
        port = free_port()

        async def act(driver: Modbus, pid: int) -> None:
            assert await values(driver, Point("ir:1")) == [1001]
            os.kill(pid, signal.SIGSTOP)
            driver.timeout_s = 2.0
            try:
                with pytest.raises(DeviceTimeout):
                    await driver.read([Point("ir:1")])
            finally:
                os.kill(pid, signal.SIGCONT)
            driver.timeout_s = TIMEOUT_S
            assert await values(driver, Point("ir:1")) == [1001]

        with running(script("modbus-server.js", port), port, tmp_path) as process:
            on(port, lambda driver: act(driver, process.pid))
