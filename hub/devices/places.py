"""Where points stand in a device, and the reading of their values from its cells: pure.

A device is a set of spaces, each a row of numbered cells: words, bytes or bits. A place is one
or more cells in a row. A word is two bytes, low byte first; a bit is a byte of 0 or 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hub.devices.contract import Point, Reading
from hub.devices.types import FORMS, LITTLE, WORD_BYTES, Order, arranged, decoded, encoded
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType

BIT_BYTES = 1


@dataclass(frozen=True, slots=True)
class Space:
    """A row of cells that one request can read together.

    ``cells_max`` is the most of one request; ``gap_max`` how many unwanted cells between two
    wanted ones are rather read along than asked around.
    """

    name: str
    cell_bytes: int
    cells_max: int
    gap_max: int


@dataclass(frozen=True, slots=True)
class Place:
    """The cells of a point, and how their bytes are its value.

    ``bit`` is a bit of the one cell, counted from its least significant. ``size`` is in cells.
    """

    space: Space
    start: int
    size: int
    type: DataType
    order: Order = LITTLE
    bit: int | None = None

    @property
    def part_of_cell(self) -> bool:
        """Whether writing it needs what else is in its cell."""
        return FORMS[self.type].size_bytes < self.size * self.space.cell_bytes or (
            self.bit is not None
        )


def size_of(type_: DataType, space: Space) -> int:
    """How many cells a value takes."""
    return max(1, -(-FORMS[type_].size_bytes // space.cell_bytes))


def reading(place: Place, cells: bytes) -> Reading:
    """The value in a place's cells: None, of uncertain quality, if it is no finite number."""
    value = _value(place, cells)
    if isinstance(value, float) and not math.isfinite(value):
        return Reading(None, "uncertain")
    return Reading(value)


def cells(place: Place, value: object) -> bytes:
    """The cells that hold a value, for a place that fills whole cells.

    Raises:
        BadDeviceValue: it does not fit the place's type.
    """
    data = encoded(place.type, value)
    return arranged(data, place.order) if _in_words(place) else data


def mask(place: Place, value: object) -> tuple[int, int]:
    """For a part of one word: which of its bits stay, and those to be set.

    Raises:
        BadDeviceValue: the value does not fit the place's type.
    """
    data = encoded(place.type, value)[0]
    low, width = (place.bit, 1) if place.bit is not None else (0, 8)
    changed = _word((((1 << width) - 1) << low), place.order)
    return 0xFFFF ^ changed, _word(data << low, place.order)


def check_whole(place: Place, point: Point) -> None:
    """Raises BadAddress: writing it needs what else is in its cell."""
    if place.part_of_cell:
        raise BadAddress("part of a word is not written", address=point.address)


def named(point: Point, error: BadAddress | BadDeviceValue) -> BadAddress | BadDeviceValue:
    """An error that says which address it is about."""
    return type(error)(error.message, **(error.detail | {"address": point.address}))


def _word(value: int, order: Order) -> int:
    data = arranged(value.to_bytes(WORD_BYTES, "little"), order)
    return int.from_bytes(data, "little")


def _in_words(place: Place) -> bool:
    """Whether byte order has a meaning for a place: it is made of whole words."""
    return FORMS[place.type].size_bytes >= WORD_BYTES


def _value(place: Place, data: bytes) -> int | float:
    if place.space.cell_bytes == WORD_BYTES or _in_words(place):
        data = arranged(data, place.order)
    if place.bit is not None:
        return int.from_bytes(data, "little") >> place.bit & 1
    return decoded(place.type, data[: FORMS[place.type].size_bytes])
