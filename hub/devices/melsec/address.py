"""MELSEC addresses to places: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from hub.devices import options
from hub.devices.addresses import (
    BITS_PER_WORD,
    bit_of_word,
    bit_type,
    cell_type,
    plain,
    size_bytes,
    within,
)
from hub.devices.contract import Point
from hub.devices.melsec.table import ALIASES, MEMORIES, Memory
from hub.devices.places import Place, Space, size_of
from hub.devices.types import Order
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType, Document

OPTIONS: options.Options = {
    "frame": options.one_of("3E", "4E", default="3E"),
    "series": options.one_of("q", "l", "iqf", "iqr", default="q"),
    "network": options.whole(0, 255, default=0),
    "pc": options.whole(0, 255, default=255),
    "module_io": options.whole(0, 65_535, default=1023),
    "station": options.whole(0, 255, default=0),
    "xy_radix": options.one_of("hex", "oct", default="hex"),
    "zr_radix": options.one_of("dec", "hex", default="dec"),
}

WORDS_MAX = 960
BITS_MAX = {"q": 7168, "l": 7168, "iqr": 7168, "iqf": 3584}
WORDS_GAP_MAX = 16
BITS_GAP_MAX = 256
DWORD_BYTES = 4
FORM = re.compile(r"([A-Z]{1,4})([0-9][0-9A-F]{0,7})(?:\.([0-9A-F]{1,2}))?", re.ASCII)
RADIX = {"dec": 10, "hex": 16, "oct": 8}
Cells = Literal["bits", "words", "dwords"]


@dataclass(frozen=True, slots=True)
class Area(Space):
    """A device's cells as one kind of access takes them.

    The device's number at a cell is ``first`` and ``step`` for each cell before it.
    """

    memory: Memory
    cells: Cells
    first: int = 0
    step: int = 1

    def number(self, cell: int) -> int:
        return self.first + cell * self.step


def place(point: Point, chosen: Document) -> Place:
    """Where a point stands, in a controller with these options (all of them).

    Raises:
        BadAddress: it is not in the grammar, or not of this series.
        BadDeviceValue: it has no such type.
    """
    match = FORM.fullmatch(plain(point))
    if match is None:
        raise BadAddress("an address is as D100, M0, X1F or D100.5", address=point.address)
    letters, digits, bit = match.groups()
    name = ALIASES.get(letters, letters)
    memory = MEMORIES.get(name)
    if memory is None or (memory.long and chosen["series"] != "iqr"):
        raise BadAddress("the controller has no such device", address=point.address)
    number = _number(name, digits, chosen, point)
    if bit is None:
        return _whole(name, memory, number, point, chosen)
    if memory.kind != "word":
        raise BadAddress("only a word has bits", address=point.address)
    area = _area(name, memory, "words", chosen)
    return Place(area, number, 1, bit_type(point), bit=bit_of_word(bit, point))


def _number(name: str, digits: str, chosen: Document, point: Point) -> int:
    radix = MEMORIES[name].radix if name != "ZR" else chosen["zr_radix"]
    if name in ("X", "Y"):
        radix = chosen["xy_radix"]
    try:
        number = int(digits, RADIX[radix])
    except ValueError as exc:
        raise BadAddress(f"{name} is numbered in {radix}", address=point.address) from exc
    within(number, 1, 1 << (32 if chosen["series"] == "iqr" else 24), point)
    return number


def _whole(name: str, memory: Memory, number: int, point: Point, chosen: Document) -> Place:
    """A place that is not a bit of a word."""
    if memory.kind in ("bit", "contact") and point.type in (None, "bit"):
        return Place(_area(name, memory, "bits", chosen), number, 1, "bit")
    if memory.kind == "contact":
        raise BadDeviceValue("the device holds bits only", address=point.address, type=point.type)
    type_ = cell_type(point, "uint32" if memory.kind == "dword" else "uint16")
    order = Order(point.byteorder or "little")
    if memory.kind == "dword":
        _long_enough(type_, point)
        return Place(_area(name, memory, "dwords", chosen), number, 1, type_, order)
    if memory.kind == "bit":
        return _bits_in_words(name, number, type_, order, chosen)
    area = _area(name, memory, "words", chosen)
    return Place(area, number, size_of(type_, area), type_, order)


def _bits_in_words(
    name: str, number: int, type_: DataType, order: Order, chosen: Document
) -> Place:
    """Words of a bit device. Those that begin at another bit of a word are another space."""
    first = number % BITS_PER_WORD
    area = _area(f"{name}+{first}", MEMORIES[name], "words", chosen)
    area = replace(area, first=first, step=BITS_PER_WORD)
    return Place(area, number // BITS_PER_WORD, size_of(type_, area), type_, order)


def _long_enough(type_: DataType, point: Point) -> None:
    if size_bytes(type_) != DWORD_BYTES:
        raise BadDeviceValue(
            "the device takes types of 32 bits only", address=point.address, type=type_
        )


def _area(name: str, memory: Memory, cells: Cells, chosen: Document) -> Area:
    match cells:
        case "bits":
            return Area(f"{name} bits", 1, BITS_MAX[chosen["series"]], BITS_GAP_MAX, memory, cells)
        case "words":
            return Area(f"{name} words", 2, WORDS_MAX, WORDS_GAP_MAX, memory, cells)
        case "dwords":
            return Area(f"{name} dwords", DWORD_BYTES, 1, 0, memory, cells)
