"""An XGT controller: individual and continuous reading and writing over FEnet."""

from __future__ import annotations

import asyncio
import re
import struct

from hub.devices.simulators.server import Simulator

AREAS = "PMLKFTCDSRNUZIQWA"
BYTES = 65_536
"""How many bytes every area has."""
HEAD = struct.Struct("<10sHBBHHBB")
NAME = re.compile(rb"%([A-Z])([XBWDL])([0-9]+)")
SIZES = {"X": 1, "B": 1, "W": 2, "D": 4, "L": 8}
UNITS = {0: "X", 1: "B", 2: "W", 3: "D", 4: "L"}
RUN = 0x14
RUN_BYTES_MAX = 1400
BLOCKS, TYPE, AREA, BEYOND, LONG = 1, 2, 3, 4, 5
COMPANY, CHECKSUM, INSTRUCTION = 0x75, 0x77, 0x78
RUNNING = 0x0100


class _Refusal(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(hex(code))
        self.code = code


class FenetSimulator(Simulator):
    """``bytes`` is its memory by the letters of the areas."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host, port)
        self.bytes = {letter: bytearray(BYTES) for letter in AREAS}

    async def answered(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(HEAD.size)
        company, _, cpu, source, invoke, length, position, check = HEAD.unpack(head)
        if source != 0x33:
            raise ValueError("not from a client")
        body = await reader.readexactly(length)
        command, type_ = struct.unpack_from("<HH", body.ljust(4, b"\0"))
        try:
            if not company.startswith((b"LSIS-XGT", b"LGIS-GLOFA")):
                raise _Refusal(COMPANY)
            if check not in (0, sum(head[:-1]) & 0xFF):
                raise _Refusal(CHECKSUM)
            status, data = 0, self._done(body)
        except (_Refusal, struct.error) as exc:
            code = exc.code if isinstance(exc, _Refusal) else INSTRUCTION
            status, data = 0xFFFF, struct.pack("<H", code)
        rest = struct.pack("<HHHH", command + 1, type_, 0, status) + data
        begin = HEAD.pack(b"LSIS-XGT", RUNNING, cpu, 0x11, invoke, len(rest), position, 0)
        return begin[:-1] + bytes((sum(begin) & 0xFF,)) + rest

    def _done(self, body: bytes) -> bytes:
        """What follows the status of an answer."""
        command, type_, _, count = struct.unpack_from("<HHHH", body)
        if not 0 < count <= (1 if type_ == RUN else 16):
            raise _Refusal(BLOCKS)
        if type_ != RUN and type_ not in UNITS:
            raise _Refusal(TYPE)
        names, at = [], 8
        for _ in range(count):
            name, at = _counted(body, at)
            names.append(self._found(name, "B" if type_ == RUN else UNITS[type_]))
        if command == 0x54:
            return self._read(body[at:], names, type_)
        if command == 0x58:
            return self._write(body, at, names, type_)
        raise _Refusal(INSTRUCTION)

    def _found(self, name: bytes, unit: str) -> tuple[str, int]:
        """The area and the number of a variable of this unit."""
        match = NAME.fullmatch(name)
        if match is None or match[2].decode() != unit:
            raise _Refusal(TYPE)
        if match[1].decode() not in self.bytes:
            raise _Refusal(AREA)
        return match[1].decode(), int(match[3])

    def _read(self, rest: bytes, names: list[tuple[str, int]], type_: int) -> bytes:
        if type_ == RUN:
            (size,) = struct.unpack_from("<H", rest)
            if not 0 < size <= RUN_BYTES_MAX:
                raise _Refusal(LONG)
            blocks = [self._get(*names[0], size)]
        elif type_ == 0:
            blocks = [bytes((self._get(a, n // 8, 1)[0] >> n % 8 & 1,)) for a, n in names]
        else:
            size = SIZES[UNITS[type_]]
            blocks = [self._get(a, n * size, size) for a, n in names]
        data = b"".join(struct.pack("<H", len(block)) + block for block in blocks)
        return struct.pack("<H", len(blocks)) + data

    def _write(self, body: bytes, at: int, names: list[tuple[str, int]], type_: int) -> bytes:
        blocks = []
        for _ in names:
            data, at = _counted(body, at)
            if type_ != RUN and len(data) != SIZES[UNITS[type_]]:
                raise _Refusal(LONG)
            blocks.append(data)
        for (area, number), data in zip(names, blocks, strict=True):
            if type_ == 0:
                number, bit = divmod(number, 8)
                old = self._get(area, number, 1)[0]
                data = bytes((old | 1 << bit if data[0] else old & ~(1 << bit),))
            elif type_ != RUN:
                number *= len(data)
            self._get(area, number, len(data))
            self.bytes[area][number : number + len(data)] = data
        return struct.pack("<H", len(names))

    def _get(self, area: str, number: int, size: int) -> bytes:
        if number + size > BYTES:
            raise _Refusal(BEYOND)
        return bytes(self.bytes[area][number : number + size])


def _counted(body: bytes, at: int) -> tuple[bytes, int]:
    """What stands there after its length, and where it ends."""
    (size,) = struct.unpack_from("<H", body, at)
    if at + 2 + size > len(body):
        raise _Refusal(INSTRUCTION)
    return body[at + 2 : at + 2 + size], at + 2 + size
