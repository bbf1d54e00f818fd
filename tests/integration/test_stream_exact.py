"""Downsamplers that need the raw values, against the statistics module."""

from __future__ import annotations

import itertools
import random
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from hub.errors import BadParameter, TooMany
from hub.series.names import TIME_LETTERS, VALUE_LETTERS
from hub.series.selection import Selection
from hub.services import Services
from hub.services.permits import Allowance, Permits
from hub.services.streams.reading.readings import Readings, ReadLimits
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.values import Stream
from tests.chain import WIDTHS, Raw
from tests.integration.test_stream_zones import grouped, raw_over
from tests.streams import Streams

START = 1_600_000_000
VALUES = ("count", "median", "most_often", "least_often", "frequencies")
TIMES = tuple(name for name in TIME_LETTERS if name.startswith("intervals_"))


@pytest.fixture(scope="module")
def streams(services: Services, database: Database[Any]) -> Streams:
    return Streams(services, database)


def numbers(rng: random.Random) -> Any:
    return rng.choice((None, rng.randint(0, 5), rng.randint(0, 5), rng.randint(0, 9) / 2))


def anything(rng: random.Random) -> Any:
    return rng.choice((None, "a", "b", 1, True, [1, "x"], {"k": 1}, {"k": True}, {"k": 1, "l": 2}))


KINDS = {"numeric": numbers, "nominal": anything}


@pytest.fixture(scope="module", params=KINDS)
def filled(streams: Streams, request: pytest.FixtureRequest) -> tuple[Stream, list[Raw]]:
    rng = random.Random(request.param)
    at, raw = START * 1000, []
    for _ in range(600):
        raw.append((at, KINDS[request.param](rng)))
        at += rng.choice((0, 250, 1000, 7000, 7000, 90_000))
    had = [name for name in VALUES if request.param == "numeric" or name != "median"]
    stream = streams.new(
        value_type=request.param, value_downsamplers=tuple(had), time_downsamplers=TIMES
    )
    streams.append(stream, [(at / 1000, value) for at, value in raw])
    streams.downsample()
    return streams.services.streams.of(stream.id), raw


def buckets(raw: list[Raw], granularity: str) -> Iterator[list[Raw]]:
    """The datapoints of each finished bucket, empty ones among them."""
    width = WIDTHS[granularity] * 1000
    for number in range(raw[0][0] // width, raw[-1][0] // width):
        yield [point for point in raw if point[0] // width == number]


def told(streams: Streams, stream: Stream, granularity: str) -> list[dict[str, Any]]:
    asked = Selection(granularity=granularity, limit=10_000)
    return streams.services.readings.read(stream, asked).points


def expected_values(own: list[Any], *, numeric: bool) -> dict[str, Any]:
    """By letter; a value's repr stands for it, so that true is not 1."""
    held = [value for value in own if value is not None]
    shown = [number(value) if numeric else repr(value) for value in held]
    found = Counter(shown).most_common()
    wanted: dict[str, Any] = {"c": len(held), "f": found}
    wanted["o"] = statistics.multimode(shown)[0] if shown else None
    rarest = min(found, key=lambda pair: pair[1], default=(None, 0))[1]
    wanted["r"] = next((value for value, count in found if count == rarest), None)
    if numeric:
        wanted["n"] = statistics.median(held) if held else None
    return wanted


def number(value: float) -> float:
    return float(value)


@pytest.mark.parametrize("granularity", ["10seconds", "minutes", "10minutes", "hours"])
def test_values_are_those_of_the_statistics_module(
    streams: Streams, filled: tuple[Stream, list[Raw]], granularity: str
) -> None:
    stream, raw = filled
    numeric = stream.value_type == "numeric"
    show = number if numeric else repr
    found = told(streams, stream, granularity)
    for own, point in zip(buckets(raw, granularity), found, strict=True):
        v = dict(point["v"])
        v["f"] = [(show(entry["v"]), entry["c"]) for entry in v["f"]]
        v |= {letter: None if v[letter] is None else show(v[letter]) for letter in "or"}
        assert v == expected_values([value for _, value in own], numeric=numeric)


@pytest.mark.parametrize("granularity", ["10seconds", "minutes", "10minutes", "hours"])
def test_intervals_are_those_between_all_datapoints_of_a_bucket(
    streams: Streams, filled: tuple[Stream, list[Raw]], granularity: str
) -> None:
    stream, raw = filled
    found = told(streams, stream, granularity)
    for own, point in zip(buckets(raw, granularity), found, strict=True):
        gaps = [(b[0] - a[0]) / 1000 for a, b in itertools.pairwise(own)]
        wanted = dict.fromkeys((TIME_LETTERS[name] for name in TIMES), None)
        if gaps:
            wanted = {
                "i": statistics.fmean(gaps),
                "l": min(gaps),
                "u": max(gaps),
                "q": sum(gap * gap for gap in gaps),
                "d": statistics.pstdev(gaps),
            }
        assert point["t"] == (pytest.approx(wanted, abs=1e-9) if gaps else wanted)


def test_a_page_in_reverse_has_the_same_values(
    streams: Streams, filled: tuple[Stream, list[Raw]]
) -> None:
    stream, _ = filled
    whole = told(streams, stream, "minutes")
    asked = Selection(granularity="minutes", reverse=True, offset=3, limit=5)
    assert streams.services.readings.read(stream, asked).points == whole[::-1][3:8]


@pytest.mark.parametrize("name", ["median", "most_often", "frequencies"])
def test_more_raw_values_than_one_request_may_read_are_refused(streams: Streams, name: str) -> None:
    stream = streams.new(value_downsamplers=("count", name))
    streams.append(stream, [(START + n, n) for n in range(3000)])
    stored = streams.services.streams.of(stream.id)
    points, rollups = PointStore(streams.mongo), Rollups(streams.mongo)
    limits = ReadLimits(raw_points_max=1000)
    readings = Readings(points, rollups, Permits(Allowance()), limits)
    with pytest.raises(BadParameter, match=r"raw datapoints.*fewer or finer") as refused:
        readings.read(stored, Selection(granularity="minutes"))
    assert refused.value.detail["parameter"] == name
    few = readings.read(stored, Selection(granularity="minutes", limit=10)).points
    assert VALUE_LETTERS[name] in few[0]["v"]
    plain = Selection(granularity="minutes", value_downsamplers=("count",))
    assert readings.read(stored, plain).total == len(readings.read(stored, plain).points)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/Sao_Paulo"])
def test_the_median_of_a_local_day_is_that_of_its_values(streams: Streams, zone: str) -> None:
    raw = raw_over(zone, 6, "2018-11-02", 3600)
    stream = streams.new(value_downsamplers=("count", "median"))
    streams.append(stream, [(at / 1000, value) for at, value in raw])
    stored = streams.services.streams.of(stream.id)
    found = streams.services.readings.read(stored, Selection(granularity="days", tz=zone)).points
    wanted = [statistics.median(own) for _, own in grouped(raw, ZoneInfo(zone), "days")]
    assert [point["v"]["n"] for point in found] == wanted


LARGE = {
    "the sum": ([1e308, 1e308, 1e308], "dmqs"),
    "the squares": ([1e200, -1e200], "dq"),
    "the spread": ([1e308, -1e308], "dq"),
}


@pytest.mark.parametrize("worker", ["ran", "never ran"])
@pytest.mark.parametrize("what", LARGE)
def test_what_is_too_large_for_a_float_is_null(streams: Streams, what: str, worker: str) -> None:
    sent, letters = LARGE[what]
    stream = streams.new()
    streams.append(stream, [*((START + n * 3, v) for n, v in enumerate(sent)), (START + 100, 1)])
    if worker == "ran":
        streams.downsample()
    for granularity in ("10seconds", "minutes"):
        asked = Selection(granularity=granularity, limit=1)
        (point,) = streams.services.readings.read(stream, asked).points
        v = point["v"]
        assert {letter for letter, value in v.items() if value is None} == set(letters)
        assert (v["c"], v["l"], v["u"]) == (len(sent), min(sent), max(sent))


def test_answers_from_raw_values_are_limited_in_number(streams: Streams) -> None:
    points, rollups = PointStore(streams.mongo), Rollups(streams.mongo)
    permits = Permits(Allowance(heavy=1, wait_s=0.01))
    readings = Readings(points, rollups, permits, ReadLimits())
    stream = streams.new(value_downsamplers=("count", "median"))
    streams.append(stream, [(START + n, n) for n in range(100)])
    stream = streams.services.streams.of(stream.id)
    asked = Selection(granularity="10seconds")
    release = permits.take("another", heavy=True)
    with pytest.raises(TooMany):
        readings.read(stream, asked)
    assert readings.read(stream, replace(asked, value_downsamplers=("count",))).total == 9
    release()
    assert readings.read(stream, asked).points[0]["v"]["n"] == 4.5
