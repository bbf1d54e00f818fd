"""Frames of FEnet: what is sent, and what comes back. Pure.

Numbers are sent low byte first.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.errors import DeviceGarbled, DeviceRefused

COMPANY = b"LSIS-XGT"
COMPANY_OLD = b"LGIS-GLOFA"
CPUS = {"xgk": 0xA0, "xgi": 0xA4, "xgr": 0xA8, "xgb_mk": 0xB0, "xgb_iec": 0xB4}
FROM_CLIENT, FROM_DEVICE = 0x33, 0x11
READ, WRITE = 0x54, 0x58
TYPES = {"X": 0, "B": 1, "W": 2, "run": 0x14}
BLOCKS_MAX = 16

HEAD = struct.Struct("<10sHBBHHBB")
WORD = struct.Struct("<H")
STATUS = struct.Struct("<HHHH")
"""What every answer begins with: command, type, nothing, and whether it is a refusal."""

ERRORS = {
    0x01: "more than 16 blocks",
    0x02: "no such type",
    0x03: "it does not serve this area",
    0x04: "the address is beyond the last",
    0x05: "a block is too long",
    0x06: "the blocks together are too long",
    0x75: "the company id is wrong",
    0x76: "the length of the header is wrong",
    0x77: "the checksum of the header is wrong",
    0x78: "no such instruction",
}


@dataclass(frozen=True, slots=True)
class Line:
    """How a controller is spoken to: its family, and where its Ethernet module sits."""

    cpu: str
    base: int
    slot: int

    @property
    def position(self) -> int:
        return self.base << 4 | self.slot


class Ask(NamedTuple):
    """An instruction, and the sizes of the blocks that answer it; a write has none."""

    body: bytes
    sizes: tuple[int, ...] = ()


def request(line: Line, body: bytes, invoke: int) -> bytes:
    head = HEAD.pack(COMPANY, 0, CPUS[line.cpu], FROM_CLIENT, invoke, len(body), line.position, 0)
    return head[:-1] + bytes((checksum(head),)) + body


def checksum(head: bytes) -> int:
    """The sum of a head's bytes but the last."""
    return sum(head[:-1]) & 0xFF


def length(head: bytes) -> int:
    """How many bytes follow an answer's head.

    Raises:
        DeviceGarbled: it is no such head.
    """
    company, _, _, source, _, follow, _, check = HEAD.unpack(head)
    if company != COMPANY_OLD and not company.startswith(COMPANY):
        raise DeviceGarbled("what the device sent does not begin as an answer does")
    if source != FROM_DEVICE or check not in (0, checksum(head)):
        raise DeviceGarbled("the head of the answer is broken")
    return int(follow)


def invoked(head: bytes) -> int:
    """Which request an answer is to."""
    return int(HEAD.unpack(head)[4])


def read(unit: str, names: Sequence[str], size: int) -> Ask:
    """Up to 16 variables of one unit (X, B or W), each of so many bytes."""
    return Ask(_begun(READ, unit, names), (size,) * len(names))


def read_run(name: str, size: int) -> Ask:
    """So many bytes in a row."""
    return Ask(_begun(READ, "run", [name]) + WORD.pack(size), (size,))


def write(unit: str, name: str, data: bytes) -> Ask:
    """One variable, or a run of bytes."""
    return Ask(_begun(WRITE, unit, [name]) + WORD.pack(len(data)) + data)


def outcome(ask: Ask, rest: bytes) -> list[bytes]:
    """The blocks of an answer, from what follows its head.

    Raises:
        DeviceRefused: with the error code.
        DeviceGarbled: it does not answer what was asked.
    """
    if len(rest) <= STATUS.size:
        raise DeviceGarbled("the answer is too short")
    command, _, _, refused = STATUS.unpack_from(rest)
    if command != WORD.unpack_from(ask.body)[0] + 1:
        raise DeviceGarbled("the answer is to another command")
    rest = rest[STATUS.size :]
    if refused:
        raise _refusal(rest[0])
    if len(rest) < WORD.size:
        raise DeviceGarbled("the answer is too short")
    return _blocks(ask, rest) if ask.sizes else []


def _blocks(ask: Ask, rest: bytes) -> list[bytes]:
    (count,) = WORD.unpack_from(rest)
    blocks, at = [], WORD.size
    for size in ask.sizes:
        if rest[at : at + WORD.size] != WORD.pack(size):
            raise DeviceGarbled("a block of the answer has another length")
        blocks.append(rest[at + WORD.size : at + WORD.size + size])
        at += WORD.size + size
    if count != len(ask.sizes) or at != len(rest):
        raise DeviceGarbled("the answer has another length than what was asked for")
    return blocks


def _begun(command: int, unit: str, names: Sequence[str]) -> bytes:
    blocks = b"".join(WORD.pack(len(name)) + name.encode("ascii") for name in names)
    return struct.pack("<HHHH", command, TYPES[unit], 0, len(names)) + blocks


def _refusal(code: int) -> DeviceRefused:
    reason = ERRORS.get(code, "an error of its own kind")
    return DeviceRefused(
        f"the controller refused: {reason}", device_code=f"0x{code:02X}", reason=reason
    )
