"""The memory of each simulator by its cells, as its driver would find it there."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AsyncExitStack

from hub.devices.contract import Point
from hub.devices.fenet import address as fenet
from hub.devices.melsec import address as melsec
from hub.devices.modbus import address as modbus
from hub.devices.places import Place, cells, reading
from hub.devices.registry import check
from hub.devices.simulators.fenet import FenetSimulator
from hub.devices.simulators.melsec import MelsecSimulator
from hub.devices.simulators.modbus import FUNCTIONS, ModbusSimulator
from hub.devices.simulators.plant.memory import Memory
from hub.devices.simulators.plant.tags import TAGS, Kind, Tag
from hub.devices.types import WORD_BYTES
from hub.values import Document


class Cells(Memory):
    """One that is made of cells, whose values have no type of their own."""

    def __init__(self, places: dict[str, Place]) -> None:
        self._places = places

    @abstractmethod
    async def load(self, where: Place) -> bytes:
        """The cells of a place, as ``places`` has them."""

    @abstractmethod
    async def store(self, where: Place, data: bytes) -> None: ...

    async def get(self, tag: Tag) -> float:
        where = self._places[tag.key]
        found = reading(where, await self.load(where)).value
        return found if isinstance(found, int | float) else 0

    async def put(self, tag: Tag, value: float) -> None:
        where = self._places[tag.key]
        await self.store(where, cells(where, value))


class ModbusMemory(Cells):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(_places("modbus", modbus.place))
        self._plc = ModbusSimulator(host, port)
        self._tables = {function: name for name, function in FUNCTIONS.items()}

    async def _open(self, opening: AsyncExitStack) -> None:
        await opening.enter_async_context(self._plc)
        self.port = self._plc.port

    async def load(self, where: Place) -> bytes:
        found = await self._plc.get(self._table(where), where.start, where.size)
        return struct.pack(_form(where), *found)

    async def store(self, where: Place, data: bytes) -> None:
        given = list(struct.unpack(_form(where), data))
        await self._plc.set(self._table(where), where.start, given)

    def _table(self, where: Place) -> str:
        assert isinstance(where.space, modbus.Table)
        return self._tables[where.space.function]


class MelsecMemory(Cells):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(_places("melsec", melsec.place))
        self._plc = MelsecSimulator(host, port)

    async def _open(self, opening: AsyncExitStack) -> None:
        await opening.enter_async_context(self._plc)
        self.port = self._plc.port

    async def load(self, where: Place) -> bytes:
        return struct.pack(_form(where), *self._cells(where)[where.start :][: where.size])

    async def store(self, where: Place, data: bytes) -> None:
        found = list(struct.unpack(_form(where), data))
        self._cells(where)[where.start : where.start + where.size] = found

    def _cells(self, where: Place) -> list[int]:
        name, kind = where.space.name.split()
        return (self._plc.bits if kind == "bits" else self._plc.words)[name]


class FenetMemory(Cells):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(_places("fenet", fenet.place))
        self._plc = FenetSimulator(host, port)

    async def _open(self, opening: AsyncExitStack) -> None:
        await opening.enter_async_context(self._plc)
        self.port = self._plc.port

    async def load(self, where: Place) -> bytes:
        return bytes(self._bytes(where)[where.start : where.start + where.size])

    async def store(self, where: Place, data: bytes) -> None:
        area = self._bytes(where)
        if where.bit is not None:
            others = area[where.start] & ~(1 << where.bit)
            data = bytes((others | data[0] << where.bit,))
        area[where.start : where.start + where.size] = data

    def _bytes(self, where: Place) -> bytearray:
        assert isinstance(where.space, fenet.Area)
        return self._plc.bytes[where.space.letter]


def _opcua(host: str, port: int) -> Memory:
    """Imported late: what it stands on takes half a second to load."""
    from hub.devices.simulators.plant.nodes import OpcuaMemory

    return OpcuaMemory(host, port)


MEMORIES: dict[Kind, Callable[[str, int], Memory]] = {
    "modbus": ModbusMemory,
    "opcua": _opcua,
    "melsec": MelsecMemory,
    "fenet": FenetMemory,
}


def _places(kind: Kind, place: Callable[[Point, Document], Place]) -> dict[str, Place]:
    chosen = check(kind, {})
    return {tag.key: place(Point(tag.address(kind), tag.type), chosen) for tag in TAGS}


def _form(where: Place) -> str:
    """How the cells of a place are packed: words, or bits as a byte each."""
    return f"<{where.size}{'H' if where.space.cell_bytes == WORD_BYTES else 'B'}"
