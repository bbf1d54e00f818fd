"""Days, weeks and months of time zones, against raw datapoints grouped by their local date."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from hub.series.selection import Selection
from hub.services import Services
from hub.values import Stream
from tests.chain import Raw
from tests.streams import Streams

HOUR = 3600
SPANS = {
    "Europe/Ljubljana, spring": ("Europe/Ljubljana", "2020-03-26", 8),
    "Europe/Ljubljana, autumn": ("Europe/Ljubljana", "2020-10-22", 8),
    "Asia/Kathmandu": ("Asia/Kathmandu", "2021-05-28", 9),
    "America/Sao_Paulo, gap at midnight": ("America/Sao_Paulo", "2018-11-01", 8),
    "America/Sao_Paulo, back at midnight": ("America/Sao_Paulo", "2019-02-13", 8),
    "Pacific/Apia, no 30 December": ("Pacific/Apia", "2011-12-26", 9),
    "America/Havana, midnight twice": ("America/Havana", "2020-10-29", 7),
    "Australia/Lord_Howe, half an hour": ("Australia/Lord_Howe", "2021-03-31", 8),
}


@pytest.fixture(scope="module")
def streams(services: Services, database: Database) -> Streams:
    return Streams(services, database)


def local_date(zone: ZoneInfo, at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).date()


def raw_over(name: str, days: int, begin: str, step: int) -> list[Raw]:
    """Random integers over some local days, a datapoint on every change of the day, too."""
    zone, rng = ZoneInfo(name), random.Random(name + begin)
    start = int(datetime.fromisoformat(begin).replace(tzinfo=zone).timestamp())
    times = {start + 5 * HOUR}
    times |= {rng.randrange(start, start + days * 86_400) for _ in range(days * 86_400 // step)}
    for second in range(start, start + days * 86_400, 900):
        if local_date(zone, second * 1000) != local_date(zone, (second - 1) * 1000):
            times |= {second - 1, second}
    return [(at * 1000, rng.randint(-99, 99)) for at in sorted(times)]


def unit_of(name: str) -> Callable[[date], date]:
    """The first date of the day, week or month of a date."""
    if name == "months":
        return lambda day: day.replace(day=1)
    if name == "weeks":
        return lambda day: day - timedelta(days=day.weekday())
    return lambda day: day


def following(day: date, name: str) -> date:
    days = {"days": 1, "weeks": 7, "months": 32}[name]
    return unit_of(name)(day + timedelta(days=days))


def grouped(raw: list[Raw], zone: ZoneInfo, name: str) -> list[tuple[date, list[int]]]:
    """The values of each unit of the calendar, empty ones among them, but for the last."""
    unit = unit_of(name)
    held: dict[date, list[int]] = defaultdict(list)
    for at, value in raw:
        held[unit(local_date(zone, at))].append(value)
    day, last, made = min(held), max(held), []
    while day < last:
        made.append((day, held.get(day, [])))
        day = following(day, name)
    return made


def read(streams: Streams, stream: Stream, **asked: Any) -> list[dict[str, Any]]:
    stored = streams.services.streams.of(stream.id)
    reading = streams.services.readings.read(stored, Selection(**{"limit": 10_000, **asked}))
    if "limit" not in asked:
        assert reading.total == len(reading.points)
    return reading.points


def told(values: list[int]) -> tuple[int, int | None, int | None, int | None]:
    if not values:
        return (0, None, None, None)
    return (len(values), sum(values), min(values), max(values))


def numbers(points: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(point["v"][letter] for letter in "cslu") for point in points]


@pytest.mark.parametrize("worker", ["ran", "never ran"])
@pytest.mark.parametrize("where", SPANS)
def test_local_days_hold_what_has_their_date(streams: Streams, where: str, worker: str) -> None:
    name, begin, days = SPANS[where]
    raw = raw_over(name, days, begin, 1800)
    stream = streams.new()
    streams.append(stream, [(at // 1000, value) for at, value in raw])
    if worker == "ran":
        streams.downsample()
    found = read(streams, stream, granularity="days", tz=name)
    wanted = [told(values) for _, values in grouped(raw, ZoneInfo(name), "days")]
    assert numbers(found) == wanted


@pytest.mark.parametrize("granularity", ["weeks", "months"])
@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Ljubljana", "Asia/Kathmandu", "America/Sao_Paulo", "Pacific/Apia"]
)
def test_weeks_and_months_follow_the_local_calendar(
    streams: Streams, name: str, granularity: str
) -> None:
    raw = raw_over(name, 150, "2011-09-20", 20_000)
    stream = streams.new()
    streams.append(stream, [(at // 1000, value) for at, value in raw])
    streams.downsample()
    found = read(streams, stream, granularity=granularity, tz=name)
    wanted = [told(values) for _, values in grouped(raw, ZoneInfo(name), granularity)]
    assert numbers(found) == wanted


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("where", SPANS)
def test_a_range_of_local_days_counts_from_the_day_that_holds_its_start(
    streams: Streams, where: str, seed: int
) -> None:
    name, begin, days = SPANS[where]
    zone, rng = ZoneInfo(name), random.Random(where + str(seed))
    raw = raw_over(name, days, begin, 7200)
    stream = streams.new()
    streams.append(stream, [(at // 1000, value) for at, value in raw])
    start, end = sorted(rng.choice(raw)[0] // 1000 for _ in range(2))
    first, last = local_date(zone, start * 1000), local_date(zone, end * 1000)
    every = grouped(raw, zone, "days")
    kept = [told(values) for day, values in every if first <= day <= last]
    after = [told(values) for day, values in every if first < day <= last]
    asked = {"granularity": "days", "tz": name, "end": end}
    assert numbers(read(streams, stream, **asked, start=start)) == kept
    assert numbers(read(streams, stream, **asked, start_exclusive=start)) == after
    page = read(streams, stream, **asked, start=start, reverse=True, offset=1, limit=2)
    assert numbers(page) == kept[::-1][1:3]


@pytest.mark.parametrize("where", SPANS)
def test_a_local_day_tells_its_first_and_last_datapoint(streams: Streams, where: str) -> None:
    """Dense enough that no bucket of ten seconds at an edge of a day is empty."""
    name, begin, days = SPANS[where]
    zone = ZoneInfo(name)
    raw = raw_over(name, days, begin, 1800)
    stream = streams.new()
    streams.append(stream, [(at // 1000, value) for at, value in raw])
    ends: dict[date, list[int]] = defaultdict(list)
    for at, _ in raw:
        ends[local_date(zone, at)].append(at)
    found = read(streams, stream, granularity="days", tz=name)
    days_told = [day for day, values in grouped(raw, zone, "days") if values]
    full = [point for point in found if point["v"]["c"]]
    for day, point in list(zip(days_told, full, strict=True))[1:]:
        first, last = (datetime.fromtimestamp(ends[day][i] // 1000, UTC) for i in (0, -1))
        assert point["t"]["a"] == first.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert point["t"]["z"] == last.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert point["t"]["a"] < point["t"]["m"] < point["t"]["z"]


@pytest.mark.parametrize("granularity", ["days", "weeks", "months"])
def test_the_open_unit_of_a_calendar_comes_with_partial(streams: Streams, granularity: str) -> None:
    name = "Europe/Ljubljana"
    raw = raw_over(name, 40, "2020-03-10", 7200)
    stream = streams.new()
    streams.append(stream, [(at // 1000, value) for at, value in raw])
    found = read(streams, stream, granularity=granularity, tz=name, partial=True)
    unit, zone = unit_of(granularity), ZoneInfo(name)
    newest = unit(local_date(zone, raw[-1][0]))
    own = [value for at, value in raw if unit(local_date(zone, at)) == newest]
    assert numbers(found)[-1] == told(own)
    assert found[:-1] == read(streams, stream, granularity=granularity, tz=name)
