"""What the address grammars of several protocols have in common: pure."""

from __future__ import annotations

from hub.devices.contract import Point
from hub.devices.types import FORMS
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType

BITS_PER_WORD = 16


def plain(point: Point) -> str:
    """An address without space around it, in capitals.

    Raises:
        BadAddress: it has other than ASCII characters, some of which have such capitals.
    """
    if not point.address.isascii():
        raise BadAddress("an address has ASCII characters only", address=point.address)
    return point.address.strip().upper()


def bit_of_word(text: str, point: Point) -> int:
    """A bit of a word, 0 to 15; those from 10 on also as A to F.

    Raises:
        BadAddress: it is none.
    """
    if len(text) == 1 and text.upper() in "ABCDEF":
        return int(text, 16)
    if text.isascii() and text.isdecimal() and len(text) <= 2 and int(text) < BITS_PER_WORD:
        return int(text)
    raise BadAddress("a word has the bits 0 to 15", address=point.address)


def bit_type(point: Point) -> DataType:
    """The type of an address that names one bit.

    Raises:
        BadDeviceValue: another type is asked for.
    """
    if point.type not in (None, "bit"):
        raise BadDeviceValue("the address is that of a bit", address=point.address, type=point.type)
    return "bit"


def cell_type(point: Point, default: DataType) -> DataType:
    """The type of an address that names words or bytes.

    Raises:
        BadDeviceValue: a bit is asked for.
    """
    if point.type == "bit":
        raise BadDeviceValue(
            "the address has several bits: name one, as in .0", address=point.address, type="bit"
        )
    return point.type or default


def within(start: int, size: int, cells: int, point: Point) -> None:
    """Raises BadAddress: so many cells from there do not all exist."""
    if start + size > cells:
        raise BadAddress(f"the last is {cells - 1}", address=point.address)


def size_bytes(type_: DataType) -> int:
    return FORMS[type_].size_bytes
