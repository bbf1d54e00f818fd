"""The types of what devices hold, as bytes: pure, and the inverse of each other.

Bytes are in one canonical order, the least significant first. ``arranged`` turns them into the
order of a device's memory and back; it is its own inverse. Memory is made of 16-bit words, seen
low byte first; a protocol that sends the high byte first turns every word around itself.

==================  ============  ==========  ==============
order of the bytes  a 32-bit one  byte order  swap in a word
==================  ============  ==========  ==============
low word first      CDAB          little      no
high word first     ABCD          big         no
low word first      DCBA          little      yes
high word first     BADC          big         yes
==================  ============  ==========  ==============

(A is the most significant byte, as a protocol shows it that sends high bytes first.)
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

from hub.devices.contract import ByteOrder
from hub.errors import BadDeviceValue
from hub.values import DataType

WORD_BYTES = 2
EXACT_BELOW = 2.0**53
"""From here on a ``float`` may stand for another whole number than was meant."""


class Form(NamedTuple):
    """A type's code for packing, its size, and what it holds."""

    code: str
    size_bytes: int
    holds: Literal["bit", "whole", "real"]


FORMS: dict[DataType, Form] = {
    "bit": Form("<B", 1, "bit"),
    "byte": Form("<B", 1, "whole"),
    "uint16": Form("<H", 2, "whole"),
    "int16": Form("<h", 2, "whole"),
    "uint32": Form("<I", 4, "whole"),
    "int32": Form("<i", 4, "whole"),
    "uint64": Form("<Q", 8, "whole"),
    "int64": Form("<q", 8, "whole"),
    "fp16": Form("<e", 2, "real"),
    "fp32": Form("<f", 4, "real"),
    "fp64": Form("<d", 8, "real"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """How longer values lie in words, and whether the two bytes of each word are swapped."""

    words: ByteOrder = "little"
    swapped: bool = False


LITTLE = Order()


def encoded(type_: DataType, value: object) -> bytes:
    """A value in canonical order.

    Args:
        value: an ``int`` in the type's range for whole types, or a ``float`` that is one
            (``whole``); an ``int`` or a finite ``float`` for real ones; a ``bool``, 0 or 1 for a
            bit.

    Raises:
        BadDeviceValue: it is anything else.
    """
    form = FORMS[type_]
    try:
        return struct.pack(form.code, _fitting(form, type_, value))
    except (struct.error, OverflowError) as exc:
        raise BadDeviceValue(f"the value is beyond the range of {type_}", type=type_) from exc


def whole(value: object) -> object:
    """A ``float`` that surely is a whole number (42.0) as an ``int``; all else as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_BELOW:
        return int(value)
    return value


def decoded(type_: DataType, data: bytes) -> int | float:
    """A value from its bytes in canonical order, exactly ``size_bytes`` of them.

    Every pattern of bits is a value, of reals also one that is not finite. A byte that is no
    0 is a set bit.
    """
    form = FORMS[type_]
    value: int | float = struct.unpack(form.code, data)[0]
    return int(value != 0) if form.holds == "bit" else value


def arranged(data: bytes, order: Order) -> bytes:
    """Whole words from canonical order to that of the memory, or back."""
    words = [data[at : at + WORD_BYTES] for at in range(0, len(data), WORD_BYTES)]
    if order.swapped:
        words = [word[::-1] for word in words]
    if order.words == "big":
        words.reverse()
    return b"".join(words)


def _fitting(form: Form, type_: DataType, value: object) -> int | float:
    if form.holds != "real":
        value = whole(value)
    if form.holds == "bit":
        if isinstance(value, int) and value in (0, 1):
            return int(value)
        raise BadDeviceValue("a bit is 0 or 1, or false or true", type=type_)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if form.holds == "whole":
        raise BadDeviceValue(f"{type_} takes a whole number", type=type_)
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise BadDeviceValue(f"{type_} takes a finite number", type=type_)
