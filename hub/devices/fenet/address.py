"""FEnet names to places: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hub.devices import options
from hub.devices.addresses import bit_of_word, bit_type, cell_type, plain, size_bytes, within
from hub.devices.contract import Point
from hub.devices.places import Place, Space, check_whole
from hub.devices.types import Order
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType, Document

OPTIONS: options.Options = {
    "cpu": options.one_of("xgk", "xgi", "xgr", "xgb_mk", "xgb_iec", default="xgk"),
    "base": options.whole(0, 15, default=0),
    "slot": options.whole(0, 15, default=0),
}

AREAS = {"mk": "PMLKFTCDSRNUZ", "iec": "IQMWRFKLNUA"}
BYTELESS = "TCSZ"
"""Areas whose cells are no bytes in a row."""

SIZES: dict[str, tuple[int, DataType]] = {
    "B": (1, "byte"),
    "W": (2, "uint16"),
    "D": (4, "uint32"),
    "L": (8, "uint64"),
}
BYTES = 1 << 24
RUN_BYTES_MAX = 1400
RUN_BYTES_MAX_XGB = 256
GAP_BYTES_MAX = 32
FORM = re.compile(r"%?([A-Z])([XBWDL])([0-9]{1,9})(?:\.([0-9A-F]{1,2}))?", re.ASCII)

Unit = Literal["X", "B", "W"]


@dataclass(frozen=True, slots=True)
class Area(Space):
    """An area's bytes, or the contacts or values of one without bytes."""

    letter: str
    unit: Unit

    def variable(self, cell: int) -> str:
        return f"%{self.letter}{self.unit}{cell}"


def place(point: Point, chosen: Document) -> Place:
    """Where a point stands, in a controller with these options (all of them).

    Raises:
        BadAddress: it is not in the grammar, or not of this family.
        BadDeviceValue: it has no such type.
    """
    match = FORM.fullmatch(plain(point))
    if match is None:
        raise BadAddress("an address is as %MW100, %MX5 or %MW100.5", address=point.address)
    letter, size, digits, bit = match.groups()
    if letter not in AREAS["mk" if chosen["cpu"] in ("xgk", "xgb_mk") else "iec"]:
        raise BadAddress("the controller has no such area", address=point.address)
    if bit is not None and size != "W":
        raise BadAddress("only a word has bits", address=point.address)
    number = int(digits)
    if letter in BYTELESS:
        return _alone(letter, size, number, bit, point)
    area = _bytes_of(letter, chosen)
    if size == "X" or bit is not None:
        at = number if bit is None else 16 * number + bit_of_word(bit, point)
        within(at // 8, 1, BYTES, point)
        return Place(area, at // 8, 1, bit_type(point), bit=at % 8)
    each, default = SIZES[size]
    type_ = cell_type(point, default)
    within(number * each, size_bytes(type_), BYTES, point)
    return Place(area, number * each, size_bytes(type_), type_, _order(point))


def check_written(where: Place, point: Point) -> None:
    """Raises BadAddress: what stands there is not written."""
    if where.bit is None:
        check_whole(where, point)


def bit_name(where: Place) -> str:
    """The name of a place that is a bit of its area's bytes."""
    assert isinstance(where.space, Area)
    assert where.bit is not None
    return f"%{where.space.letter}X{8 * where.start + where.bit}"


def _alone(letter: str, size: str, number: int, bit: str | None, point: Point) -> Place:
    """A contact or a value of a timer or a counter."""
    if size not in "XW" or bit is not None:
        raise BadAddress("the area has only X and W, and no bits of words", address=point.address)
    within(number, 1, 1 << 16, point)
    if size == "X":
        return Place(Area(f"{letter} X", 1, 1, 0, letter, "X"), number, 1, bit_type(point))
    type_ = cell_type(point, "uint16")
    if size_bytes(type_) > 2:
        raise BadDeviceValue("a value has 16 bits", address=point.address, type=type_)
    return Place(Area(f"{letter} W", 2, 1, 0, letter, "W"), number, 1, type_, _order(point))


def _bytes_of(letter: str, chosen: Document) -> Area:
    most = RUN_BYTES_MAX_XGB if chosen["cpu"].startswith("xgb") else RUN_BYTES_MAX
    return Area(f"{letter} bytes", 1, most, GAP_BYTES_MAX, letter, "B")


def _order(point: Point) -> Order:
    return Order(point.byteorder or "little")
