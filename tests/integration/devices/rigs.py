"""A device of each kind to be read through a network that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import Any

from asyncua import ua

from hub.devices.contract import Point
from hub.devices.simulators.fenet import FenetSimulator
from hub.devices.simulators.melsec import MelsecSimulator
from hub.devices.simulators.modbus import ModbusSimulator
from hub.devices.simulators.opcua import OpcuaSimulator
from hub.values import DeviceKind

VALUES = (0x1234, 0x0203)
"""What is in the two cells of every rig."""


@dataclass(frozen=True)
class Rig:
    """How a device is started (it gives its port), and what of it is read.

    ``told`` are the bytes of an answer that are not its values: where garbling is noticed,
    or does not matter.
    """

    kind: DeviceKind
    start: Callable[[], AbstractAsyncContextManager[int]]
    points: tuple[Point, Point]
    answer_bytes: int
    told: range
    options: dict[str, Any]


@asynccontextmanager
async def melsec() -> AsyncIterator[int]:
    async with MelsecSimulator() as plc:
        plc.words["D"][100:102] = VALUES
        yield plc.port


@asynccontextmanager
async def fenet() -> AsyncIterator[int]:
    async with FenetSimulator() as plc:
        plc.bytes["M"][200:204] = b"\x34\x12\x03\x02"
        yield plc.port


def modbus(framing: str) -> Callable[[], AbstractAsyncContextManager[int]]:
    @asynccontextmanager
    async def start() -> AsyncIterator[int]:
        async with ModbusSimulator(framing=framing) as plc:
            await plc.set("holding", 100, list(VALUES))
            yield plc.port

    return start


@asynccontextmanager
async def opcua() -> AsyncIterator[int]:
    async with OpcuaSimulator() as server:
        for name, value in zip("ab", VALUES, strict=True):
            await server.add_variable(name, value, ua.VariantType.UInt16)
        yield server.port


WORDS = (Point("D100"), Point("D101"))
NAMES = (Point("%MW100"), Point("%MW101"))
REGISTERS = (Point("hr:100"), Point("hr:101"))
NODES = (Point("ns=2;s=a"), Point("ns=2;s=b"))

RIGS = {
    "melsec-3e": Rig("melsec", melsec, WORDS, 15, range(11), {"frame": "3E"}),
    "melsec-4e": Rig("melsec", melsec, WORDS, 19, range(15), {"frame": "4E"}),
    "fenet": Rig("fenet", fenet, NAMES, 36, range(32), {}),
    "modbus-tcp": Rig("modbus", modbus("tcp"), REGISTERS, 13, range(9), {"framing": "tcp"}),
    "modbus-rtu": Rig("modbus", modbus("rtu"), REGISTERS, 9, range(9), {"framing": "rtu"}),
    "opcua": Rig("opcua", opcua, NODES, 100, range(52), {}),
}


@contextmanager
def started() -> Iterator[dict[str, int]]:
    """All rigs in a thread of their own: their ports by their names."""
    ports: Future[dict[str, int]] = Future()
    over: Future[None] = Future()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            try:
                opened = {n: await stack.enter_async_context(r.start()) for n, r in RIGS.items()}
            except Exception as exc:
                ports.set_exception(exc)
                raise
            ports.set_result(opened)
            await asyncio.wrap_future(over)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield ports.result(60)
    finally:
        over.set_result(None)
        thread.join()
