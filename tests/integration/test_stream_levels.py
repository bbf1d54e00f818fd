"""Every level of a stream against an independent computation: in order, late, not yet seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from hub.series.levels import ROLLUPS, Level
from hub.series.selection import Selection
from hub.services import Services
from hub.values import Stream
from tests.streams import Streams

START = 1_600_000_000
POINTS = 1_000_000
BATCH = 50_000


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def random_points(kind: str, count: int, seed: int) -> tuple[np.ndarray, list[Any]]:
    """Times in ms with duplicates and gaps, and values with nulls, about a large offset."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0, 130, 1000, 1000, 1700], count)
    steps[rng.integers(0, count, 40)] = rng.integers(10_000, 40_000_000, 40)
    at = START * 1000 + np.cumsum(steps)
    if kind == "integers":
        values: list[Any] = (10**9 + rng.integers(-5, 5, count)).tolist()
    elif kind == "floats":
        values = (1e9 + rng.normal(size=count)).tolist()
    else:
        values = [int(v) if v % 2 else v / 10 for v in rng.integers(-99, 99, count).tolist()]
    for index in rng.integers(0, count, count // 20).tolist():
        values[index] = None
    return at, values


def buckets(at: np.ndarray, level: Level) -> Iterator[tuple[int, slice]]:
    """The buckets of ascending times, found without the code under test."""
    starts = at // level.width_ms
    edges = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1, append=starts[-1] + 1))
    for lo, hi in pairwise(edges.tolist()):
        yield int(starts[lo]), slice(lo, hi)


def expected(values: list[Any]) -> dict[str, Any]:
    """The seven downsamplers of some values, by exact or two-pass arithmetic."""
    numbers = [value for value in values if value is not None]
    if not numbers:
        return {"c": 0, **dict.fromkeys("dlmqsu")}
    total, mean = math.fsum(numbers), math.fsum(numbers) / len(numbers)
    return {
        "c": len(numbers),
        "s": sum(numbers) if all(type(n) is int for n in numbers) else total,
        "m": mean,
        "l": min(numbers),
        "u": max(numbers),
        "q": math.fsum(n * n for n in numbers),
        "d": float(np.std(np.array(numbers) - numbers[0])),
    }


def read_all(streams: Streams, stream: Stream, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    stream = streams.services.streams.of(stream.id)
    while True:
        asked |= {"limit": 10_000, "offset": len(found)}
        reading = streams.services.readings.read(stream, Selection(**asked))
        found += reading.points
        if len(found) >= reading.total:
            assert len(found) == reading.total
            return found


def compare(found: list[dict[str, Any]], at: np.ndarray, values: list[Any], level: Level) -> None:
    """All the finished buckets of a level, gaps among them as null points."""
    truth = dict(buckets(at, level))
    first, last = int(at[0]) // level.width_ms, int(at[-1]) // level.width_ms
    assert len(found) == last - first
    for number, point in zip(range(first, last), found, strict=True):
        chosen = truth.get(number, slice(0, 0))
        wanted = expected(values[chosen])
        got = point["v"]
        assert got["c"] == wanted["c"]
        if not wanted["c"]:
            assert got == wanted
            continue
        digits = 1e-14 * math.fsum(abs(v) for v in values[chosen] if v is not None)
        for letter in "lmqsu":
            assert got[letter] == pytest.approx(wanted[letter], rel=1e-12, abs=digits), letter
        assert got["d"] == pytest.approx(wanted["d"], rel=1e-6, abs=1e-6)
        if all(type(v) in (int, type(None)) for v in values[chosen]):
            assert [type(got[letter]) for letter in "slu"] == [int, int, int]


@pytest.mark.parametrize("kind", ["integers", "floats", "mixed"])
def test_every_level_of_a_million_points_is_right(streams: Streams, kind: str) -> None:
    count = POINTS if kind == "floats" else POINTS // 10
    at, values = random_points(kind, count, seed=len(kind))
    stream = streams.new()
    for lo in range(0, count, BATCH):
        chosen = slice(lo, lo + BATCH)
        pairs = zip((at[chosen] / 1000).tolist(), values[chosen], strict=True)
        assert streams.append(stream, pairs).stored == len(values[chosen])
    streams.downsample()
    for level in ROLLUPS:
        compare(read_all(streams, stream, granularity=level.name), at, values, level)


def test_a_level_is_right_before_the_worker_ran(streams: Streams) -> None:
    at, values = random_points("mixed", 20_000, seed=3)
    stream = streams.new()
    streams.append(stream, zip((at / 1000).tolist(), values, strict=True))
    for level in ROLLUPS:
        compare(read_all(streams, stream, granularity=level.name), at, values, level)


@pytest.mark.parametrize("settled", [True, False], ids=["after a run", "before it"])
def test_late_and_corrected_points_set_every_level_right(streams: Streams, settled: bool) -> None:
    rng = np.random.default_rng(11)
    at, values = random_points("floats", 40_000, seed=5)
    at, index = np.unique(at, return_index=True)
    values = [values[i] for i in index.tolist()]
    stream = streams.new(late="replace")
    known = rng.random(len(at)) < 0.9
    early = [(a / 1000, v) for a, v, k in zip(at.tolist(), values, known, strict=True) if k]
    wrong = [(t, 1.0) if n % 50 == 0 else (t, v) for n, (t, v) in enumerate(early)]
    streams.append(stream, wrong)
    streams.downsample()
    late = [(a / 1000, v) for a, v, k in zip(at.tolist(), values, known, strict=True) if not k]
    right = [pair for n, pair in enumerate(early) if n % 50 == 0]
    rng.shuffle(late)
    streams.append(stream, late + right)
    if settled:
        streams.downsample()
    for level in ROLLUPS:
        compare(read_all(streams, stream, granularity=level.name), at, values, level)


def test_a_run_leaves_no_mark_behind(streams: Streams) -> None:
    stream = streams.new()
    streams.append(stream, [(START, 1), (START + 100_000, 2)])
    streams.downsample()
    assert streams.mongo.db["values"].count_documents({"d": True}) == 0


@pytest.mark.parametrize("worker", ["idle", "ran"])
def test_raw_pages_at_any_offset_are_the_datapoints_in_order(streams: Streams, worker: str) -> None:
    at, values = random_points("integers", 30_000, seed=8)
    stream = streams.new()
    streams.append(stream, zip((at / 1000).tolist(), values, strict=True))
    if worker == "ran":
        streams.downsample()
    for offset in (0, 1, 4_999, 17_321, 29_990, 29_999, 30_000, 50_000):
        for reverse in (False, True):
            asked = Selection(offset=offset, limit=7, reverse=reverse)
            now = streams.services.streams.of(stream.id)
            reading = streams.services.readings.read(now, asked)
            ordered = values[::-1] if reverse else values
            assert reading.total == 30_000
            assert [p["v"] for p in reading.points] == ordered[offset : offset + 7]


def test_ten_silent_years_are_null_points_by_arithmetic(streams: Streams) -> None:
    stream = streams.new()
    decade = 10 * 365 * 86_400
    streams.append(stream, [(START, 1), (START + decade, 2)])
    streams.downsample()
    asked = Selection(granularity="10seconds", offset=20_000_000, limit=2)
    reading = streams.services.readings.read(stream, asked)
    assert reading.total == decade // 10
    assert [p["v"]["c"] for p in reading.points] == [0, 0]
    stored = streams.mongo.db["rollup_10seconds"].count_documents({"_id.s": stream.id})
    assert stored == 2
