"""Sections 3.4 to 3.6 of the reference: every datapoint of every level, on random streams."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pymongo.database import Database

from hub.series.selection import Selection
from hub.services import Services
from hub.values import Stream
from tests.chain import NAMES, WIDTHS, Raw, chain, differs, iso
from tests.streams import Streams

START = 1_599_998_877
Randomly = random.Random


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def number(rng: Randomly) -> Any:
    """An integer, a float, or a null."""
    kinds = (None, rng.randint(-9, 9), 10**9 + rng.randint(0, 9), rng.uniform(-1, 1))
    return rng.choice(kinds)


def whole_object(rng: Randomly) -> dict[str, Any]:
    """A downsampled object with all its letters, told by some integers."""
    held = [rng.randint(-50, 50) for _ in range(rng.randint(0, 4))]
    if not held:
        return {"c": 0, **dict.fromkeys("dlmqsu")}
    total, squares, count = sum(held), sum(n * n for n in held), len(held)
    variance = max(0.0, squares / count - (total / count) ** 2)
    sums = {"c": count, "s": total, "q": squares, "m": total / count}
    return {**sums, "l": min(held), "u": max(held), "d": variance**0.5}


def steps(rng: Randomly, count: int, choices: Iterable[int]) -> list[int]:
    """Ascending times in ms, from START on."""
    at, times, all_steps = START * 1000, [], list(choices)
    for _ in range(count):
        times.append(at)
        at += rng.choice(all_steps)
    return times


def dense(rng: Randomly, unit: int) -> list[Raw]:
    return [(at, number(rng)) for at in steps(rng, 400, (1000 * unit, 1700 * unit, 3000 * unit))]


def sparse(rng: Randomly, unit: int) -> list[Raw]:
    return [(at, number(rng)) for at in steps(rng, 60, (11_000 * unit, 500_000, 900_000 * unit))]


def gaps(rng: Randomly, unit: int) -> list[Raw]:
    near = [1000 * unit] * 30
    return [(at, number(rng)) for at in steps(rng, 200, (*near, 700_000 * unit, 9_000_000 * unit))]


def nulls(rng: Randomly, unit: int) -> list[Raw]:
    return [(at, None) for at in steps(rng, 150, (1000 * unit, 4000 * unit, 90_000 * unit))]


def one_second(rng: Randomly, unit: int) -> list[Raw]:
    near = (0, 0, 1, 250, 999, 1000, 14_000 * unit)
    return [(at, number(rng)) for at in steps(rng, 500, near)]


def objects(rng: Randomly, unit: int) -> list[Raw]:
    times = steps(rng, 200, (0, 1000 * unit, 5000 * unit, 60_000 * unit))
    return [(at, whole_object(rng) if rng.random() < 0.5 else number(rng)) for at in times]


KINDS: tuple[Callable[[Randomly, int], list[Raw]], ...] = (
    dense, sparse, gaps, nulls, one_second, objects,
)  # fmt: skip
UNITS = {"seconds": 1, "10seconds": 4, "minutes": 30, "hours": 300, "6hours": 2000, "days": 5000}
"""By what the steps are stretched, so that buckets of that granularity fill and stay empty."""


def sent(points: Iterable[Raw]) -> list[tuple[float, Any]]:
    return [(at / 1000, value) for at, value in points]


def now(streams: Streams, stream: Stream) -> Stream:
    """The stream as it is stored: how wide its documents are may have changed."""
    return streams.services.streams.of(stream.id)


def read_all(streams: Streams, stream: Stream, **asked: Any) -> list[dict[str, Any]]:
    """Every page of 10,000, and that their sizes are what the total says."""
    found: list[dict[str, Any]] = []
    while True:
        selection = Selection(**{**asked, "limit": 10_000, "offset": len(found)})
        reading = streams.services.readings.read(now(streams, stream), selection)
        found += reading.points
        if not reading.points or len(found) >= reading.total:
            assert len(found) == reading.total
            return found


def check(streams: Streams, stream: Stream, raw: list[Raw]) -> None:
    for name, wanted in chain(raw, stream.highest).items():
        found = read_all(streams, stream, granularity=name)
        assert len(found) == len(wanted), name
        wrong = (differs(got, point.told()) for got, point in zip(found, wanted, strict=True))
        assert next(filter(None, wrong), None) is None, name


@pytest.mark.parametrize("worker", ["never ran", "ran", "ran halfway"])
@pytest.mark.parametrize("highest", UNITS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_datapoint_of_every_level_is_what_the_chain_makes(
    streams: Streams, kind: Callable[[Randomly, int], list[Raw]], highest: str, worker: str
) -> None:
    rng = random.Random(f"{kind.__name__} {highest} {worker}")
    raw = kind(rng, UNITS[highest])
    stream = streams.new(highest=highest)
    half = len(raw) // 2 if worker == "ran halfway" else len(raw)
    streams.append(stream, sent(raw[:half]))
    if worker != "never ran":
        streams.downsample()
    if half < len(raw):
        streams.append(now(streams, stream), sent(raw[half:]))
    check(streams, stream, raw)


def ranged(points: list[Any], width: int, at: Callable[[Any], int], asked: dict[str, Any]) -> list:
    """What a range leaves of a level's points, by the rules of section 3.5."""
    kept = points
    if (start := asked.get("start")) is not None:
        kept = [point for point in kept if at(point) >= start - start % width]
    if (start := asked.get("start_exclusive")) is not None:
        kept = [point for point in kept if at(point) >= start - start % width + width]
    if (end := asked.get("end")) is not None:
        kept = [point for point in kept if at(point) <= end]
    if (end := asked.get("end_exclusive")) is not None:
        kept = [point for point in kept if at(point) < end]
    return kept


def bounds(rng: Randomly, raw: list[Raw]) -> dict[str, Any]:
    """A start and an end, each inclusive, exclusive or missing: inside, on an edge, far away."""
    first, last = raw[0][0] // 1000, raw[-1][0] // 1000
    near = rng.randint(first - 5000, last + 5000)
    far = (-62_135_596_800, -1, 0, first, last, 2**31 - 1, 2**31, 4_102_444_800, 253_402_300_799)
    edges = [near - near % rng.choice(list(WIDTHS.values())) for _ in range(2)]
    places = (*far, *edges, *(near + n for n in (-1, 0, 1)), rng.choice(raw)[0] // 1000)
    starts = [{}, {"start": rng.choice(places)}, {"start_exclusive": rng.choice(places)}]
    ends = [{}, {"end": rng.choice(places)}, {"end_exclusive": rng.choice(places)}]
    return {**rng.choice(starts), **rng.choice(ends)}


@pytest.fixture(scope="module")
def filled(streams: Streams) -> dict[str, tuple[Stream, list[Raw]]]:
    """A stream a granularity, half of it seen by the worker."""
    made = {}
    for highest, unit in UNITS.items():
        rng = random.Random(f"ranges {highest}")
        raw = gaps(rng, unit)[:120] if highest == "seconds" else dense(rng, unit)
        stream = streams.new(highest=highest)
        streams.append(stream, sent(raw[:70]))
        streams.downsample()
        streams.append(now(streams, stream), sent(raw[70:]))
        made[highest] = now(streams, stream), raw
    return made


def selected(stream: Stream, raw: list[Raw], name: str, asked: dict[str, Any]) -> list[str]:
    """The first times of the datapoints that a range has at a level."""
    if NAMES.index(name) <= NAMES.index(stream.highest):
        width = WIDTHS[stream.highest]
        return [iso(at // 1000) for at, _ in ranged(raw, width, lambda p: p[0] // 1000, asked)]
    points = chain(raw, stream.highest)[name]
    return [iso(p.first) for p in ranged(points, WIDTHS[name], lambda p: p.at, asked)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("highest", UNITS)
def test_a_range_takes_the_buckets_that_begin_in_it(
    streams: Streams, filled: dict[str, tuple[Stream, list[Raw]]], highest: str, seed: int
) -> None:
    stream, raw = filled[highest]
    rng = random.Random(f"{highest} {seed}")
    for name in NAMES:
        asked = bounds(rng, raw)
        wanted = selected(stream, raw, name, asked)
        asked |= {"reverse": rng.random() < 0.5, "granularity": name}
        asked |= {"offset": rng.choice((0, 0, 1, 7, len(wanted))), "limit": rng.choice((1, 50))}
        reading = streams.services.readings.read(now(streams, stream), Selection(**asked))
        ordered = wanted[::-1] if asked["reverse"] else wanted
        page = ordered[asked["offset"] : asked["offset"] + asked["limit"]]
        found = [p["t"]["a"] if isinstance(p["t"], dict) else p["t"] for p in reading.points]
        assert (reading.total, found) == (len(wanted), page), asked


@pytest.mark.parametrize("granularity", NAMES)
@pytest.mark.parametrize(
    "asked",
    [
        {"start": 2**31, "end": 2**40 // 1000},
        {"end": -1},
        {"start": START, "end_exclusive": START - 86_400},
        {"start_exclusive": START + 5, "end": START + 5},
        {"start": START + 86_400, "end": START},
    ],
    ids=["after 2038", "before 1970", "nothing between", "exclusive is end", "backwards"],
)
def test_an_empty_range_is_an_empty_list(
    streams: Streams,
    filled: dict[str, tuple[Stream, list[Raw]]],
    granularity: str,
    asked: dict[str, Any],
) -> None:
    stream, _ = filled["seconds"]
    reading = streams.services.readings.read(
        now(streams, stream), Selection(granularity=granularity, **asked)
    )
    assert (reading.total, reading.points) == (0, [])


def test_a_stream_without_downsamplers_has_only_its_raw_level(streams: Streams) -> None:
    stream = streams.new(value_downsamplers=())
    streams.append(stream, [(START, 1), (START + 100_000, 2)])
    streams.downsample()
    totals = [
        streams.services.readings.read(now(streams, stream), Selection(granularity=name)).total
        for name in NAMES
    ]
    assert totals == [2, 0, 0, 0, 0, 0, 0]


def test_the_bucket_of_the_newest_datapoint_is_open_until_a_later_one_comes(
    streams: Streams,
) -> None:
    stream = streams.new()
    begin = START - START % 60
    totals = []
    for at in (begin, begin + 59, begin + 60, begin + 119, begin + 120):
        streams.append(stream, [(at, 1)])
        reading = streams.services.readings.read(
            now(streams, stream), Selection(granularity="minutes")
        )
        totals.append(reading.total)
    assert totals == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("granularity", NAMES[1:])
def test_partial_adds_the_open_bucket_and_changes_no_other(
    streams: Streams, filled: dict[str, tuple[Stream, list[Raw]]], granularity: str
) -> None:
    stream, raw = filled["seconds"]
    closed = read_all(streams, stream, granularity=granularity)
    found = read_all(streams, stream, granularity=granularity, partial=True)
    width = WIDTHS[granularity]
    held = [v for at, v in raw if at // 1000 // width == raw[-1][0] // 1000 // width]
    assert found[:-1] == closed
    assert found[-1]["v"]["c"] == sum(value is not None for value in held)
    assert found[-1]["t"]["z"] == iso(raw[-1][0] // 1000)


@pytest.mark.parametrize("points", [1, 5, 119, 120, 121, 700, 5000, 10**6])
def test_points_picks_the_finest_granularity_that_fits(
    streams: Streams, filled: dict[str, tuple[Stream, list[Raw]]], points: int
) -> None:
    stream, raw = filled["seconds"]
    sizes = {"seconds": len(raw)} | {n: len(p) for n, p in chain(raw, "seconds").items()}
    fitting = [name for name in NAMES if sizes[name] <= points]
    reading = streams.services.readings.read(now(streams, stream), Selection(points=points))
    assert reading.granularity == (fitting or ["days"])[0]
