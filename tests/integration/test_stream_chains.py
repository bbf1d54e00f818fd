"""Chains of derived streams: whatever comes late, corrected or during a backfill, all is right."""

from __future__ import annotations

import random
from threading import Event
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.selection import Selection
from hub.services import Services
from hub.values import Derivation, Source, Stream
from tests.streams import Streams

START = 1_700_000_000
Point = tuple[int, float | None]


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def derived(streams: Streams, op: str, *sources: Stream) -> Stream:
    inputs = tuple(Source(source.id, "seconds", None) for source in sources)
    return streams.new(derivation=Derivation(op, inputs, {}, None))


def read(streams: Streams, stream: Stream) -> list[tuple[str, Any]]:
    found: list[Any] = []
    while True:
        asked = Selection(limit=10_000, offset=len(found))
        reading = streams.services.readings.read(streams.services.streams.of(stream.id), asked)
        found += reading.points
        if len(found) >= reading.total:
            return [(point["t"], point["v"]) for point in found]


def rates(points: list[Point]) -> list[Point]:
    """The derivative by its definition, from all points at once."""
    made: list[Point] = []
    before: tuple[int, float] | None = None
    for at, value in points:
        if value is None:
            made.append((at, None))
        elif before is not None:
            made.append((at, (value - before[1]) / (at - before[0])))
        before = None if value is None else (at, value)
    return made


def sums(ones: list[Point], others: list[Point]) -> list[Point]:
    held = dict(others)
    made: list[Point] = []
    for at, value in ones:
        if at in held:
            known = [each for each in (value, held[at]) if each is not None]
            made.append((at, sum(known) if known else None))
    return made


def told(streams: Streams, points: list[Point]) -> list[tuple[str, Any]]:
    """The points as a stream that just holds them tells them."""
    plain = streams.new()
    for at in range(0, len(points), 10_000):
        streams.append(plain, points[at : at + 10_000])
    return read(streams, plain)


@pytest.mark.parametrize("seed", range(3))
def test_a_chain_is_what_its_source_makes_it(streams: Streams, seed: int) -> None:
    rng = random.Random(seed)
    source, held = streams.new(late="replace"), dict[int, float | None]()

    def put(count: int) -> None:
        times = rng.sample(range(START, START + 40_000), count)
        new = {at: rng.choice((None, *[rng.randint(-99, 99)] * 6)) for at in times}
        held.update(new)
        streams.append(streams.services.streams.of(source.id), list(new.items()))

    put(1_500)
    speed = derived(streams, "derivative", source)
    force = derived(streams, "derivative", speed)
    total = derived(streams, "sum", speed, force)
    backfill = streams.services.deriving.backfill(60, Event())
    for _ in range(4):
        next(backfill, None)
        put(rng.randint(1, 200))
        streams.downsample()
    list(backfill)
    streams.downsample()
    first = rates(sorted(held.items()))
    second = rates(first)
    for stream, points in ((speed, first), (force, second), (total, sums(first, second))):
        got, expected = read(streams, stream), told(streams, points)
        assert [t for t, _ in got] == [t for t, _ in expected]
        assert [v for _, v in got] == pytest.approx([v for _, v in expected], nan_ok=True)
