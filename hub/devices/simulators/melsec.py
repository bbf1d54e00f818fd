"""A MELSEC controller: frames 3E and 4E in binary, batch and random access in all series."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator

from hub.devices.melsec.table import MEMORIES
from hub.devices.simulators.server import Simulator

CELLS = 32_768
"""How many words, or bits, every device has."""
WORDS_MAX = 960
BITS_MAX = 7168
RANDOM_MAX = 192
OK, POINTS, BEYOND, COMMAND, DEVICE, LENGTH = 0, 0xC051, 0xC056, 0xC059, 0xC05B, 0xC061
BIT_KINDS = ("bit", "contact")


class _Refusal(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(hex(code))
        self.code = code


class MelsecSimulator(Simulator):
    """``words`` and ``bits`` are its memory, by the names of the devices; dwords are two words."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host, port)
        self.words = {n: [0] * CELLS for n, m in MEMORIES.items() if m.kind not in BIT_KINDS}
        self.bits = {n: [0] * CELLS for n, m in MEMORIES.items() if m.kind in BIT_KINDS}

    async def answered(self, reader: asyncio.StreamReader) -> bytes:
        kind = await reader.readexactly(2)
        serial = {b"\x50\x00": 0, b"\x54\x00": 4}.get(kind)
        if serial is None:
            raise ValueError("neither 3E nor 4E")
        front = await reader.readexactly(serial + 5)
        rest = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "little"))
        code, data = OK, b""
        try:
            data = self._done(rest)
        except _Refusal as exc:
            code, data = exc.code, front[serial:] + rest[2:6]
        head = bytes((kind[0] | 0x80, 0)) + front
        return head + struct.pack("<HH", len(data) + 2, code) + data

    def _done(self, rest: bytes) -> bytes:
        """The data of an answer to what follows a request's length."""
        if len(rest) < 6:
            raise _Refusal(LENGTH)
        command, subcommand = struct.unpack_from("<HH", rest, 2)
        body = _Body(rest[6:], long=bool(subcommand & 2))
        in_bits = bool(subcommand & 1)
        match command:
            case 0x0401:
                return self._read(body, in_bits)
            case 0x1401:
                return self._write(body, in_bits)
            case 0x0403 if not in_bits:
                return b"".join(self._get(*each) for each in body.scattered())
            case 0x1402 if not in_bits:
                return self._write_random(body)
        raise _Refusal(COMMAND)

    def _read(self, body: _Body, in_bits: bool) -> bytes:
        name, number = body.device()
        size = body.number("<H")
        if not 0 < size <= (BITS_MAX if in_bits else WORDS_MAX):
            raise _Refusal(POINTS)
        if not in_bits:
            return self._get(name, number, size)
        bits = [*self._bits(name, number, size), 0]
        return bytes(bits[at] << 4 | bits[at + 1] for at in range(0, size, 2))

    def _write(self, body: _Body, in_bits: bool) -> bytes:
        name, number = body.device()
        size = body.number("<H")
        data = body.left()
        if len(data) != (-(-size // 2) if in_bits else 2 * size):
            raise _Refusal(LENGTH)
        if in_bits:
            self._bits(name, number, size)
            for at in range(size):
                self.bits[name][number + at] = data[at // 2] >> (0 if at % 2 else 4) & 1
        else:
            self._put(name, number, data)
        return b""

    def _write_random(self, body: _Body) -> bytes:
        words, dwords = body.number("<B"), body.number("<B")
        for size in [2] * words + [4] * dwords:
            name, number = body.device()
            self._put(name, number, body.take(size))
        return b""

    def _bits(self, name: str, number: int, size: int) -> list[int]:
        if name not in self.bits:
            raise _Refusal(DEVICE)
        if number + size > CELLS:
            raise _Refusal(BEYOND)
        return self.bits[name][number : number + size]

    def _get(self, name: str, number: int, size: int) -> bytes:
        """So many words from a device, packed from bits where it has these."""
        if name in self.bits:
            bits = self._bits(name, number, 16 * size)
            words = [
                sum(bit << n for n, bit in enumerate(bits[at : at + 16]))
                for at in range(0, len(bits), 16)
            ]
        else:
            number = _first_word(name, number)
            if number + size > CELLS:
                raise _Refusal(BEYOND)
            words = self.words[name][number : number + size]
        return struct.pack(f"<{size}H", *words)

    def _put(self, name: str, number: int, data: bytes) -> None:
        words = struct.unpack(f"<{len(data) // 2}H", data)
        self._get(name, number, len(words))
        if name in self.bits:
            bits = [word >> n & 1 for word in words for n in range(16)]
            self.bits[name][number : number + len(bits)] = bits
        else:
            number = _first_word(name, number)
            self.words[name][number : number + len(words)] = words


class _Body:
    """A request's body, taken piece by piece."""

    def __init__(self, data: bytes, *, long: bool) -> None:
        self._data = data
        self._long = long
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise _Refusal(LENGTH)
        self._at += size
        return piece

    def left(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def number(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def device(self) -> tuple[str, int]:
        number = int.from_bytes(self.take(4 if self._long else 3), "little")
        code = int.from_bytes(self.take(2 if self._long else 1), "little")
        for name, memory in MEMORIES.items():
            if memory.code == code:
                return name, number
        raise _Refusal(DEVICE)

    def scattered(self) -> Iterator[tuple[str, int, int]]:
        """The devices of a random read, each with its size in words."""
        words, dwords = self.number("<B"), self.number("<B")
        if not 0 < words + dwords <= RANDOM_MAX:
            raise _Refusal(POINTS)
        for size in [1] * words + [2] * dwords:
            yield (*self.device(), size)


def _first_word(name: str, number: int) -> int:
    return number * 2 if MEMORIES[name].kind == "dword" else number
