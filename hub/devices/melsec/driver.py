"""Reading and writing a MELSEC controller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from hub.devices import options
from hub.devices.contract import Point
from hub.devices.link import Link, LinkedReader
from hub.devices.melsec import frames
from hub.devices.melsec.address import OPTIONS, Area, place
from hub.devices.melsec.frames import Command, Line
from hub.devices.places import Place, cells, check_whole, named
from hub.devices.reader import Batch
from hub.devices.spans import Span
from hub.errors import BadDeviceValue
from hub.values import Device

SCATTERED_WORDS_MAX = 4
"""Spans of so many words at most are read together by one random read."""
RANDOM_MAX = 192
RANDOM_LONG_MAX = 96
"""How many words and dwords a random read takes, and with the long form of devices."""


class Melsec(LinkedReader):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        chosen = self._options = options.completed(OPTIONS, device.options)
        route = {name: chosen[name] for name in ("network", "pc", "module_io", "station")}
        self._line = Line(chosen["frame"], **route, long_form=chosen["series"] == "iqr")
        self._serial = 0

    def place(self, point: Point) -> Place:
        return place(point, self._options)

    def batches(self, spans: Sequence[Span]) -> list[Batch]:
        """One request a long span; short ones share random reads."""
        short: list[Span] = []
        long: list[Span] = []
        for span in spans:
            (short if _is_short(span) else long).append(span)
        if len(short) == 1 and _area(short[0]).cells == "words":
            short, long = [], [*long, *short]
        most = RANDOM_LONG_MAX if self._line.long_form else RANDOM_MAX
        return [(span,) for span in long] + _packed(short, most)

    async def fetch(self, batch: Batch) -> list[bytes]:
        first = _area(batch[0])
        if len(batch) == 1 and first.cells != "dwords":
            span = batch[0]
            data = await self._ask(frames.read(self._line, first, span.start, span.size))
            return [frames.bits(data, span.size) if first.cells == "bits" else data]
        parts = [(n, piece) for n, span in enumerate(batch) for piece in frames.pieces(span)]
        asked = [(_area(batch[n]), cell, size) for n, (cell, size) in parts]
        data = await self._ask(frames.read_random(self._line, asked))
        return _scattered(len(batch), parts, data)

    async def write(self, point: Point, value: object) -> None:
        where = self.place(point)
        check_whole(where, point)
        try:
            data = cells(where, value)
        except BadDeviceValue as exc:
            raise named(point, exc) from exc
        area = cast(Area, where.space)
        async with self.call():
            await self._ask(frames.write(self._line, area, where.start, data))

    async def _ask(self, command: Command) -> bytes:
        """One request and its answer."""
        link = await self._linked()
        self._serial = (self._serial + 1) & 0xFFFF
        timer = frames.timer(self.timeout_s)
        async with self.request():
            link.send(frames.request(self._line, command, timer=timer, serial=self._serial))
            return frames.outcome(command, await self._answer(link))

    async def _answer(self, link: Link) -> bytes:
        """What follows the head of this request's answer."""
        while True:
            head = await link.take(self._line.head_bytes)
            follow = frames.length(self._line, head, self._serial)
            if follow is not None:
                return await link.take(follow)
            await link.take(frames.follows(head))


def _area(span: Span) -> Area:
    return cast(Area, span.space)


def _is_short(span: Span) -> bool:
    area = _area(span)
    if area.cells == "dwords":
        return True
    in_words = area.cells == "words" and area.memory.kind == "word"
    return in_words and span.size <= SCATTERED_WORDS_MAX


def _packed(spans: Sequence[Span], most: int) -> list[Batch]:
    """Short spans in as few random reads as take them."""
    batches: list[list[Span]] = []
    left = 0
    for span in spans:
        size = len(frames.pieces(span))
        if size > left:
            batches.append([])
            left = most
        batches[-1].append(span)
        left -= size
    return [tuple(batch) for batch in batches]


def _scattered(
    spans: int, parts: Sequence[tuple[int, tuple[int, int]]], data: bytes
) -> list[bytes]:
    """Each span's cells from the answer to a random read: its words come before its dwords."""
    found: list[dict[int, bytes]] = [{} for _ in range(spans)]
    at = 0
    for wanted in (2, 4):
        for n, (cell, size) in parts:
            if size == wanted:
                found[n][cell] = data[at : at + size]
                at += size
    return [b"".join(pieces[cell] for cell in sorted(pieces)) for pieces in found]
