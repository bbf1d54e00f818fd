"""Frames 3E and 4E in binary: what is sent, and what comes back. Pure.

Numbers are sent low byte first. A length counts what follows it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.devices.melsec.address import Area
from hub.devices.melsec.codes import meaning, shown
from hub.devices.spans import Span
from hub.errors import DeviceGarbled, DeviceRefused

READ, WRITE = 0x0401, 0x1401
READ_RANDOM, WRITE_RANDOM = 0x0403, 0x1402
IN_WORDS, IN_BITS, LONG_FORM = 0, 1, 2
"""Subcommands; series iqr adds ``LONG_FORM``."""

TIMER_UNIT_S = 0.25
ROUTE = struct.Struct("<BBHB")
LENGTH = struct.Struct("<H")


@dataclass(frozen=True, slots=True)
class Line:
    """How a controller is spoken to: the frame, the route, the form of its devices."""

    frame: Literal["3E", "4E"]
    network: int
    pc: int
    module_io: int
    station: int
    long_form: bool

    @property
    def head_bytes(self) -> int:
        """The size of an answer's head, its length the last of it."""
        return 9 if self.frame == "3E" else 13

    def head(self, first: int, serial: int) -> bytes:
        """What a frame begins with, up to its length."""
        route = ROUTE.pack(self.network, self.pc, self.module_io, self.station)
        if self.frame == "3E":
            return bytes((first, 0)) + route
        return bytes((first + 4, 0)) + struct.pack("<HH", serial, 0) + route


@dataclass(frozen=True, slots=True)
class Command:
    """What a controller is asked to do, and how many bytes its answer has."""

    code: int
    subcommand: int
    body: bytes
    answer_bytes: int = 0


def timer(timeout_s: float) -> int:
    """How long a controller may take for a request that is given up after so many seconds."""
    return max(1, min(0xFFFF, int(timeout_s / TIMER_UNIT_S)))


def request(line: Line, command: Command, *, timer: int, serial: int = 0) -> bytes:
    code = struct.pack("<HH", command.code, command.subcommand + LONG_FORM * line.long_form)
    rest = LENGTH.pack(timer) + code + command.body
    return line.head(0x50, serial) + LENGTH.pack(len(rest)) + rest


def length(line: Line, head: bytes, serial: int) -> int | None:
    """How many bytes follow an answer's head; None if it answers another request: pass over.

    Raises:
        DeviceGarbled: it is no such head.
    """
    (follow,) = LENGTH.unpack(head[-2:])
    own = line.head(0xD0, serial)
    if line.frame == "4E" and head[2:4] != own[2:4]:
        own = own[:2] + head[2:4] + own[4:]
        if head[:-2] == own:
            _announced(follow)
            return None
    if head[:-2] != own:
        raise DeviceGarbled("the device answered in another frame, or by another route")
    return _announced(follow)


def follows(head: bytes) -> int:
    """The length in an answer's head, whatever else it says."""
    return int(LENGTH.unpack(head[-2:])[0])


def outcome(command: Command, rest: bytes) -> bytes:
    """The data of an answer, from what follows its head.

    Raises:
        DeviceRefused: with the end code.
        DeviceGarbled: there is more or less of it than was asked for.
    """
    (code,) = LENGTH.unpack(rest[:2])
    if code:
        raise DeviceRefused(
            f"the controller refused: {meaning(code)}",
            device_code=shown(code),
            reason=meaning(code),
        )
    if len(rest) - 2 != command.answer_bytes:
        raise DeviceGarbled("the answer has another length than what was asked for")
    return rest[2:]


def device(line: Line, area: Area, cell: int) -> bytes:
    """A device's number and code."""
    number, code = area.number(cell), area.memory.code
    if line.long_form:
        return struct.pack("<IH", number, code)
    return number.to_bytes(3, "little") + bytes((code,))


def read(line: Line, area: Area, start: int, size: int) -> Command:
    """So many words or bits in a row."""
    body = device(line, area, start) + struct.pack("<H", size)
    if area.cells == "bits":
        return Command(READ, IN_BITS, body, -(-size // 2))
    return Command(READ, IN_WORDS, body, 2 * size)


def write(line: Line, area: Area, start: int, cells: bytes) -> Command:
    """Words or bits in a row; a bit is a byte of ``cells``."""
    size = len(cells) // area.cell_bytes
    body = device(line, area, start) + struct.pack("<H", size)
    if area.cells == "bits":
        return Command(WRITE, IN_BITS, body + nibbles(cells))
    if area.cells == "words":
        return Command(WRITE, IN_WORDS, body + cells)
    one = bytes((0, 1)) + device(line, area, start) + cells
    return Command(WRITE_RANDOM, IN_WORDS, one)


def read_random(line: Line, parts: Sequence[tuple[Area, int, int]]) -> Command:
    """Scattered words: of each part its area, its first cell, and 2 or 4 bytes."""
    words = [device(line, area, cell) for area, cell, size in parts if size == 2]
    dwords = [device(line, area, cell) for area, cell, size in parts if size == 4]
    body = bytes((len(words), len(dwords))) + b"".join(words + dwords)
    return Command(READ_RANDOM, IN_WORDS, body, 2 * len(words) + 4 * len(dwords))


def pieces(span: Span) -> list[tuple[int, int]]:
    """A span as dwords and words: the first cell of each, and 2 or 4 bytes."""
    if span.space.cell_bytes == 4:
        return [(span.start, 4)]
    pairs = [(span.start + at, 4) for at in range(0, span.size - 1, 2)]
    return pairs + ([(span.start + span.size - 1, 2)] if span.size % 2 else [])


def nibbles(bits: bytes) -> bytes:
    """Bits as they are sent: two a byte, the first in its high half."""
    even = bits + b"\x00" * (len(bits) % 2)
    return bytes(high << 4 | low for high, low in zip(even[::2], even[1::2], strict=True))


def bits(data: bytes, size: int) -> bytes:
    """Sent bits as a byte each.

    Raises:
        DeviceGarbled: one is neither 0 nor 1.
    """
    read = bytes(half for byte in data for half in (byte >> 4, byte & 15))[:size]
    if any(bit > 1 for bit in read):
        raise DeviceGarbled("a bit of the answer is neither 0 nor 1")
    return read


def _announced(follow: int) -> int:
    if follow < LENGTH.size:
        raise DeviceGarbled("the device announces an answer without an end code")
    return follow
