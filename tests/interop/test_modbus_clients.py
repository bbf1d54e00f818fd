"""Our Modbus simulator, and its plant, by other people's clients: mbpoll and modbus-serial."""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import Callable
from typing import Any

import pytest

from hub.devices.simulators.modbus import ModbusSimulator
from tests.interop.others import asked, fetched, script, told
from tests.live import PATIENCE_S

TABLES: dict[str, list[int]] = {
    "coils": [1, 0, 1, 1],
    "discrete": [0, 1, 1, 0],
    "holding": [100, 65535, 0x47F1, 0x2000],
    "input": [7, 8, 0xFFFF, 0xFFFE],
}
"""What is at 20 and behind it in each table."""
START = 20


def with_client(
    client: Callable[[int], Any], framing: str = "tcp", after: str | None = None
) -> tuple[Any, list[int]]:
    """What a client tells, and what a table holds then; the simulator runs beside it."""

    async def run() -> tuple[Any, list[int]]:
        async with ModbusSimulator(framing=framing) as plc:
            for table, cells in TABLES.items():
                await plc.set(table, START, cells)
            found = await asyncio.to_thread(client, plc.port)
            return found, await plc.get(after, START, 8) if after else []

    return asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def polled(*arguments: str) -> Callable[[int], list[float]]:
    """mbpoll reads once, by addresses from 0; or writes, where values are given."""

    def client(port: int) -> list[float]:
        options, written = arguments[:-1], arguments[-1].split()
        at = ["-m", "tcp", "-p", str(port), "-0", "-1", "-o", "10", "-r", str(START)]
        program = str(fetched() / "debian/usr/bin/mbpoll")
        text = asked([program, *at, *options, "127.0.0.1", *written])
        return [float(value) for value in re.findall(r"^\[\d+\]:\s+(-?[\d.]+)", text, re.M)]

    return client


def stepped(*steps: list[Any], framing: str = "tcp") -> Callable[[int], Any]:
    """modbus-serial does some things in turn."""
    return lambda port: told(script("modbus-client.js", port, framing, json.dumps(steps)))


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (("-t", "0", "-c", "4", ""), TABLES["coils"]),
        (("-t", "1", "-c", "4", ""), TABLES["discrete"]),
        (("-t", "4", "-c", "2", ""), [100, 65535]),
        (("-t", "3", "-c", "2", ""), [7, 8]),
    ],
)
def test_mbpoll_reads_every_table(arguments: tuple[str, ...], values: list[int]) -> None:
    assert with_client(polled(*arguments))[0] == values


@pytest.mark.parametrize(
    ("flags", "value", "registers"),
    [
        (("-B",), "123456.0", [0x47F1, 0x2000]),
        ((), "123456.0", [0x2000, 0x47F1]),
    ],
)
def test_mbpoll_writes_floats_in_both_orders_of_words(
    flags: tuple[str, ...], value: str, registers: list[int]
) -> None:
    _, cells = with_client(polled("-t", "4:float", *flags, value), after="holding")
    assert cells[:2] == registers


def test_mbpoll_switches_coils() -> None:
    assert with_client(polled("-t", "0", "0 1 0 1 1"), after="coils")[1] == [0, 1, 0, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_modbus_serial_reads_every_table(framing: str) -> None:
    steps = stepped(
        ["readCoils", START, 4],
        ["readDiscreteInputs", START, 4],
        ["readHoldingRegisters", START, 4],
        ["readInputRegisters", START, 4],
        framing=framing,
    )
    coils, discrete, holding, inputs = with_client(steps, framing)[0]
    assert [int(bit) for bit in coils[:4]] == TABLES["coils"]
    assert [int(bit) for bit in discrete[:4]] == TABLES["discrete"]
    assert (holding, inputs) == (TABLES["holding"], TABLES["input"])


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_modbus_serial_writes_registers(framing: str) -> None:
    steps = stepped(
        ["writeRegister", START, 0x1234],
        ["writeRegisters", START + 1, list(struct.unpack(">4H", struct.pack(">d", 0.1)))],
        framing=framing,
    )
    _, cells = with_client(steps, framing, after="holding")
    assert cells[0] == 0x1234
    assert struct.unpack(">d", struct.pack(">4H", *cells[1:5])) == (0.1,)


def test_modbus_serial_masks_bits() -> None:
    steps = stepped(["maskWriteRegister", START, 0xFFF0, 0x0009])
    assert with_client(steps, after="holding")[1][0] == 100 & 0xFFF0 | 9


def test_modbus_serial_switches_coils() -> None:
    steps = stepped(["writeCoil", START, False], ["writeCoils", START + 1, [True, True]])
    assert with_client(steps, after="coils")[1][:4] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("step", "code"),
    [(["readHoldingRegisters", 9_999, 2], 2), (["writeCoil", 20_000, True], 2)],
)
def test_what_there_is_not_is_refused_with_its_code(step: list[Any], code: int) -> None:
    assert with_client(stepped(step))[0] == [{"refused": code}]
