"""Which buckets a selection takes, by number; the calendars of zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series.grid import Calendar, Even, Run, asked_for, raw_range
from hub.series.levels import LEVELS, Level, level_of
from hub.series.selection import Selection

ZONES = ("Europe/Ljubljana", "Asia/Kathmandu", "America/Sao_Paulo", "America/Havana", "UTC")
DAY_MS = 86_400_000


def of(name: str) -> Level:
    level = level_of(name)
    assert level is not None
    return level


MINUTES = Even(of("minutes"))
moments = st.integers(0, 2**31 * 1000)


def numbers(**asked: int | bool) -> list[int]:
    """Minutes of a stream that has datapoints from 1:30 to 9:30."""
    run = asked_for(MINUTES, Selection(**asked), 90_000, 570_000)  # type: ignore[arg-type]
    return list(range(run.first, run.after))


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, (1, 8)),
        ({"partial": True}, (1, 9)),
        ({"start": 179}, (2, 8)),
        ({"start": 180}, (3, 8)),
        ({"start_exclusive": 179}, (3, 8)),
        ({"start_exclusive": 180}, (4, 8)),
        ({"start": -1}, (1, 8)),
        ({"start_exclusive": 59}, (1, 8)),
        ({"start_exclusive": 60}, (2, 8)),
        ({"end": 239}, (1, 3)),
        ({"end": 240}, (1, 4)),
        ({"end_exclusive": 240}, (1, 3)),
        ({"end_exclusive": 241}, (1, 4)),
        ({"end": 10**10}, (1, 8)),
        ({"end": 60}, (1, 1)),
        ({"start": 200, "end_exclusive": 301}, (3, 5)),
    ],
)
def test_a_range_in_minutes(asked: dict[str, int | bool], wanted: tuple[int, int]) -> None:
    assert numbers(**asked) == list(range(wanted[0], wanted[1] + 1))


@pytest.mark.parametrize(
    "asked",
    [
        {"end": 59},
        {"end_exclusive": 60},
        {"end": -(10**10)},
        {"start": 10**11},
        {"start": 540},
        {"start_exclusive": 480},
        {"start": 300, "end": 200},
        {"start_exclusive": 305, "end": 305},
    ],
)
def test_a_range_that_holds_nothing(asked: dict[str, int | bool]) -> None:
    assert numbers(**asked) == []


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"start": 3601}, 3600_000),
        ({"start_exclusive": 3601}, 7200_000),
        ({"start": -1}, -3600_000),
    ],
)
def test_a_raw_range_begins_with_a_bucket_of_the_highest_granularity(
    asked: dict[str, int], wanted: int
) -> None:
    assert raw_range(of("hours"), Selection(**asked))[0] == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "wanted"), [({"end": 5}, 6000), ({"end_exclusive": 5}, 5000)])
def test_a_raw_range_ends_with_or_before_a_second(asked: dict[str, int], wanted: int) -> None:
    assert raw_range(LEVELS[0], Selection(**asked))[1] == wanted  # type: ignore[arg-type]


@given(
    first=st.integers(-50, 50), size=st.integers(0, 60),
    offset=st.integers(0, 80), limit=st.integers(0, 80), reverse=st.booleans(),
)  # fmt: skip
def test_a_page_is_a_slice(first: int, size: int, offset: int, limit: int, reverse: bool) -> None:
    every = list(range(first, first + size))
    page = Run(MINUTES, first, first + size).page(offset, limit, reverse=reverse)
    found = list(range(page.first, page.after))
    wanted = every[::-1][offset : offset + limit][::-1] if reverse else every[offset:][:limit]
    assert (found, len(page)) == (wanted, len(wanted))


@given(number=st.integers(-(10**6), 10**6))
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_a_bucket_begins_with_its_start(level: Level, number: int) -> None:
    grid = Even(level)
    start = grid.start(number)
    assert [grid.number(start - 1), grid.number(start)] == [number - 1, number]


def unit(name: str, day: date) -> date:
    if name == "months":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if name == "weeks" else day


@given(at=moments)
@pytest.mark.parametrize("name", ["days", "weeks", "months"])
@pytest.mark.parametrize("zone", ZONES)
def test_a_unit_of_a_calendar_holds_the_moments_of_its_dates(zone: str, name: str, at: int) -> None:
    grid = Calendar(name, ZoneInfo(zone))
    number = grid.number(at)
    start, end = grid.start(number), grid.start(number + 1)
    assert start <= at < end

    def first(moment: int) -> date:
        local = datetime.fromtimestamp(moment // 1000, UTC).astimezone(ZoneInfo(zone))
        return unit(name, local.date())

    assert first(start) == first(at) == first(end - 1)
    assert first(start - 1) < first(at) < first(end)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Ljubljana", "2020-03-29", 23),
        ("Europe/Ljubljana", "2020-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("Australia/Lord_Howe", "2021-04-04", 24.5),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),
        ("Pacific/Apia", "2011-12-31", 24),
    ],
)
def test_a_day_is_as_long_as_the_zone_has_it(zone: str, day: str, hours: float) -> None:
    number = date.fromisoformat(day).toordinal()
    grid = Calendar("days", ZoneInfo(zone))
    assert grid.start(number + 1) - grid.start(number) == hours * 3_600_000


def test_edges_are_the_starts_and_the_last_end() -> None:
    zone = ZoneInfo("Europe/Ljubljana")
    days = Run(Calendar("days", zone), 737_500, 737_503)
    assert days.edges().tolist() == [days.grid.start(n) for n in range(737_500, 737_504)]
    even = Run(Even(LEVELS[-1]), 18_000, 18_002)
    assert even.edges().tolist() == [n * DAY_MS for n in (18_000, 18_001, 18_002)]
