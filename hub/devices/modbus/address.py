"""Modbus addresses to places: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.devices import options
from hub.devices.addresses import bit_of_word, bit_type, cell_type, plain, within
from hub.devices.contract import Point
from hub.devices.places import Place, Space, size_of
from hub.devices.types import Order
from hub.errors import BadAddress, BadDeviceValue
from hub.values import Document

OPTIONS: options.Options = {
    "framing": options.one_of("tcp", "rtu", default="tcp"),
    "word_order": options.one_of("big", "little", default="big"),
    "byte_swap": options.flag(default=False),
}

CELLS = 65_536
REGISTERS_MAX = 125
REGISTERS_GAP_MAX = 16
BITS_MAX = 2000
BITS_GAP_MAX = 256
NAMED = re.compile(r"(COIL|DI|IR|HR):([0-9]{1,5})(?:\.([0-9A-F]{1,2}))?", re.ASCII)
REFERENCE = re.compile(r"([0134])([0-9]{4,5})(?:\.([0-9A-F]{1,2}))?", re.ASCII)
BARE = re.compile(r"()([0-9]{1,4})(?:\.([0-9A-F]{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table(Space):
    """One of the four tables, by the function code that reads it."""

    function: int
    written: bool

    @property
    def of_bits(self) -> bool:
        return self.cell_bytes == 1


COILS = Table("coils", 1, BITS_MAX, BITS_GAP_MAX, function=1, written=True)
DISCRETE = Table("discrete inputs", 1, BITS_MAX, BITS_GAP_MAX, function=2, written=False)
HOLDING = Table("holding", 2, REGISTERS_MAX, REGISTERS_GAP_MAX, function=3, written=True)
INPUT = Table("input", 2, REGISTERS_MAX, REGISTERS_GAP_MAX, function=4, written=False)
NAMES = {"COIL": COILS, "DI": DISCRETE, "IR": INPUT, "HR": HOLDING}
REFERENCES = {"0": COILS, "1": DISCRETE, "3": INPUT, "4": HOLDING}


def place(point: Point, chosen: Document) -> Place:
    """Where a point stands, in a device with these options (all of them).

    Raises:
        BadAddress: it is not in the grammar, or beyond the last.
        BadDeviceValue: it has no such type.
    """
    table, number, bit = _parsed(point)
    if table.of_bits:
        if bit is not None:
            raise BadAddress("only a register has bits", address=point.address)
        if point.type not in (None, "bit"):
            raise BadDeviceValue("it holds bits only", address=point.address, type=point.type)
        within(number, 1, CELLS, point)
        return Place(table, number, 1, "bit")
    order = Order(point.byteorder or chosen["word_order"], chosen["byte_swap"])
    if bit is not None:
        within(number, 1, CELLS, point)
        return Place(table, number, 1, bit_type(point), order, bit_of_word(bit, point))
    type_ = cell_type(point, "uint16")
    size = size_of(type_, table)
    within(number, size, CELLS, point)
    return Place(table, number, size, type_, order)


def check_written(where: Place, point: Point) -> None:
    """Raises BadAddress: what stands there is not written."""
    if isinstance(where.space, Table) and not where.space.written:
        raise BadAddress("inputs are not written", address=point.address)


def _parsed(point: Point) -> tuple[Table, int, str | None]:
    """The table, the number from 0, and the bit."""
    text = plain(point)
    if match := NAMED.fullmatch(text):
        return NAMES[match[1]], int(match[2]), match[3]
    if match := BARE.fullmatch(text):
        return HOLDING, int(match[2]), match[3]
    match = REFERENCE.fullmatch(text)
    if match is None:
        raise BadAddress(
            "an address is as hr:0, ir:0, coil:0, di:0, 40001 or 0", address=point.address
        )
    number = int(match[2])
    if number == 0:
        raise BadAddress("references count from 1", address=point.address)
    return REFERENCES[match[1]], number - 1, match[3]
