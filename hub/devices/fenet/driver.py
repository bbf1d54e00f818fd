"""Reading and writing an XGT controller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from hub.devices import options
from hub.devices.contract import Point
from hub.devices.fenet import frames
from hub.devices.fenet.address import OPTIONS, Area, bit_name, check_written, place
from hub.devices.fenet.frames import Ask, Line
from hub.devices.link import Link, LinkedReader
from hub.devices.places import Place, cells, named
from hub.devices.reader import Batch
from hub.devices.spans import Span
from hub.devices.types import WORD_BYTES, encoded
from hub.errors import BadDeviceValue
from hub.values import Device


class Fenet(LinkedReader):
    def __init__(self, device: Device) -> None:
        super().__init__(device)
        chosen = self._options = options.completed(OPTIONS, device.options)
        self._line = Line(chosen["cpu"], chosen["base"], chosen["slot"])
        self._invoke = 0

    def place(self, point: Point) -> Place:
        return place(point, self._options)

    def batches(self, spans: Sequence[Span]) -> list[Batch]:
        """One request a run of bytes; single variables of one unit up to 16 in a request."""
        runs: list[Batch] = []
        single: dict[str, list[Span]] = {}
        for span in spans:
            if unit := _unit(span):
                single.setdefault(unit, []).append(span)
            else:
                runs.append((span,))
        return runs + [batch for each in single.values() for batch in _packed(each)]

    async def fetch(self, batch: Batch) -> list[bytes]:
        unit = _unit(batch[0])
        if unit is None:
            span = batch[0]
            return await self._ask(frames.read_run(_area(span).variable(span.start), span.size))
        size = WORD_BYTES if unit == "W" else 1
        return await self._ask(frames.read(unit, [_name(span, unit) for span in batch], size))

    async def write(self, point: Point, value: object) -> None:
        where = self.place(point)
        check_written(where, point)
        try:
            ask = _writing(where, value)
        except BadDeviceValue as exc:
            raise named(point, exc) from exc
        async with self.call():
            await self._ask(ask)

    async def _ask(self, ask: Ask) -> list[bytes]:
        """One request and its answer."""
        link = await self._linked()
        self._invoke = (self._invoke + 1) & 0xFFFF
        async with self.request():
            link.send(frames.request(self._line, ask.body, self._invoke))
            return frames.outcome(ask, await self._answer(link))

    async def _answer(self, link: Link) -> bytes:
        """What follows the head of this request's answer; answers to others are passed over."""
        while True:
            head = await link.take(frames.HEAD.size)
            rest = await link.take(frames.length(head))
            if frames.invoked(head) == self._invoke:
                return rest


def _area(span: Span) -> Area:
    return cast(Area, span.space)


def _unit(span: Span) -> str | None:
    """The unit of a span that is one variable; None if it is a run of bytes."""
    area = _area(span)
    if area.unit != "B":
        return area.unit
    if span.size == WORD_BYTES and span.start % WORD_BYTES == 0:
        return "W"
    return "B" if span.size == 1 else None


def _name(span: Span, unit: str) -> str:
    area = _area(span)
    if area.unit == unit:
        return area.variable(span.start)
    return f"%{area.letter}{unit}{span.start // WORD_BYTES}"


def _packed(spans: Sequence[Span]) -> Iterable[Batch]:
    most = frames.BLOCKS_MAX
    return (tuple(spans[at : at + most]) for at in range(0, len(spans), most))


def _writing(where: Place, value: object) -> Ask:
    area = cast(Area, where.space)
    if where.bit is not None:
        return frames.write("X", bit_name(where), encoded("bit", value))
    data = cells(where, value)
    if area.unit != "B":
        return frames.write(area.unit, area.variable(where.start), data)
    if len(data) == WORD_BYTES and where.start % WORD_BYTES == 0:
        return frames.write("W", f"%{area.letter}W{where.start // WORD_BYTES}", data)
    return frames.write("B" if len(data) == 1 else "run", area.variable(where.start), data)
