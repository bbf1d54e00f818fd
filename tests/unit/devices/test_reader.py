"""Reading cells: few requests, refusals narrowed down, plans kept and made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.devices.contract import CALL_TIMEOUTS, Point, Reading
from hub.devices.places import Place, Space
from hub.devices.reader import PARTED_USES_MAX, PLANS_MAX, REFUSALS_MAX, Batch, CellReader
from hub.devices.spans import Span
from hub.errors import BadAddress, DeviceGarbled, DeviceRefused, DeviceTimeout

WORDS = Space("words", 2, cells_max=100, gap_max=5)


class Wire(CellReader):
    """A device whose words are their own numbers, some of which it refuses."""

    def __init__(self, refused: set[int], timeout_s: float = 1.0) -> None:
        super().__init__(timeout_s)
        self.refused = refused
        self.asked: list[tuple[int, int]] = []
        self.connects = 0
        self.closes = 0
        self.takes_s = 0.0
        self.garbles = False

    def place(self, point: Point) -> Place:
        if not point.address.isdecimal():
            raise BadAddress("no number", address=point.address)
        return Place(WORDS, int(point.address), 1, "uint16")

    def batches(self, spans: Sequence[Span]) -> list[Batch]:
        return [(span,) for span in spans]

    async def fetch(self, batch: Batch) -> list[bytes]:
        (span,) = batch
        self.asked.append((span.start, span.size))
        async with self.request():
            await asyncio.sleep(self.takes_s)
        if self.garbles:
            raise DeviceGarbled("nonsense")
        numbers = range(span.start, span.start + span.size)
        if self.refused & set(numbers):
            raise DeviceRefused("no", device_code="0x02")
        return [b"".join(n.to_bytes(2, "little") for n in numbers)]

    async def _connect(self) -> None:
        self.connects += 1

    async def _disconnect(self) -> None:
        self.closes += 1


class Jumping(asyncio.SelectorEventLoop):
    """A loop whose clock stands still while something runs, and jumps to what is due next."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def points(*numbers: int) -> list[Point]:
    return [Point(str(number)) for number in numbers]


def values(readings: list[Reading]) -> list[object]:
    return [reading.value for reading in readings]


def test_readings_come_in_the_order_of_the_points_also_twice() -> None:
    wire = Wire(set())
    assert values(asyncio.run(wire.read(points(9, 3, 9, 50)))) == [9, 3, 9, 50]
    assert wire.asked == [(3, 7), (50, 1)]


def test_nothing_is_asked_for_no_points() -> None:
    wire = Wire(set())
    assert asyncio.run(wire.read([])) == []
    assert (wire.asked, wire.connects) == ([], 0)


def test_nothing_is_asked_for_what_is_no_address() -> None:
    wire = Wire(set())
    (read,) = asyncio.run(wire.read([Point("x")]))
    assert isinstance(read.error, BadAddress)
    assert (wire.asked, wire.connects) == ([], 0)


def test_a_refused_point_is_found_by_halving_and_named() -> None:
    wire = Wire({40})
    readings = asyncio.run(wire.read(points(*range(64))))
    assert values(readings) == [None if n == 40 else n for n in range(64)]
    assert isinstance(readings[40].error, DeviceRefused)
    assert readings[40].error.detail["address"] == "40"
    assert len(wire.asked) == 1 + 2 * 6


def test_what_lies_between_and_is_refused_costs_no_value() -> None:
    wire = Wire({3})
    assert values(asyncio.run(wire.read(points(1, 5)))) == [1, 5]


def test_a_plan_that_was_parted_is_kept_and_after_some_time_made_anew() -> None:
    wire = Wire({3})

    async def run() -> list[int]:
        counts = []
        for _ in range(PARTED_USES_MAX + 2):
            wire.asked.clear()
            await wire.read(points(1, 5))
            counts.append(len(wire.asked))
        return counts

    assert asyncio.run(run()) == [3, *[2] * PARTED_USES_MAX, 3]


@pytest.mark.parametrize(("sets", "planned"), [(PLANS_MAX, PLANS_MAX), (PLANS_MAX + 1, 15)])
def test_what_is_read_in_turn_is_planned_once_up_to_a_bound(sets: int, planned: int) -> None:
    """Three rounds over some sets of points, each of one point."""
    places: list[str] = []

    class Counting(Wire):
        def place(self, point: Point) -> Place:
            places.append(point.address)
            return super().place(point)

    async def run() -> None:
        wire = Counting(set())
        for _ in range(3):
            for number in range(sets):
                assert values(await wire.read(points(number))) == [number]

    asyncio.run(run())
    assert len(places) == planned


def test_a_device_that_refuses_everything_is_not_asked_for_ever() -> None:
    wire = Wire(set(range(10_000)))
    readings = asyncio.run(wire.read(points(*range(5000))))
    assert all(isinstance(reading.error, DeviceRefused) for reading in readings)
    assert len(wire.asked) <= 50 + 2 * REFUSALS_MAX


def test_an_answer_that_is_none_closes_the_connection() -> None:
    wire = Wire(set())
    wire.garbles = True
    with pytest.raises(DeviceGarbled):
        asyncio.run(wire.read(points(1)))
    assert wire.closes == 1


def test_a_refusal_closes_nothing() -> None:
    wire = Wire({1})
    asyncio.run(wire.read(points(1)))
    assert wire.closes == 0


def test_a_device_that_is_slow_with_every_request_is_given_up_as_a_whole() -> None:
    wire = Wire(set(), timeout_s=0.2)
    wire.takes_s = 0.05
    with (
        asyncio.Runner(loop_factory=Jumping) as runner,
        pytest.raises(DeviceTimeout, match="all that was asked"),
    ):
        runner.run(wire.read(points(*range(0, 1000, 10))))
    assert len(wire.asked) <= CALL_TIMEOUTS * 0.2 / 0.05
    assert wire.closes == 1
