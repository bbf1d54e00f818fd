"""Ticks: on their grid, together where they can be, missed where they are late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.jobs.polling.grid import Grid, Tick


def made(*intervals: int, number: int = 0, now: int = 0) -> Grid:
    grid = Grid(number)
    grid.alter(intervals, now)
    return grid


def test_the_first_tick_is_within_an_interval() -> None:
    grid = made(1000, number=3, now=5000)
    assert grid.next is not None
    assert 5000 <= grid.next < 6000


def test_a_tick_that_was_begun_is_due_again_an_interval_later() -> None:
    grid = made(1000, number=0, now=5000)
    assert grid.next == 5000
    assert grid.begin(5400) == Tick(frozenset({1000}), 0)
    assert grid.next == 6000


@pytest.mark.parametrize(
    ("now", "missed", "then"),
    [(5999, 0, 6000), (6000, 1, 7000), (6999, 1, 7000), (8500, 3, 9000)],
)
def test_ticks_that_were_over_before_they_began_are_missed(
    now: int, missed: int, then: int
) -> None:
    grid = made(1000, number=0, now=5000)
    assert (grid.begin(now).missed, grid.next) == (missed, then)


def test_nothing_is_begun_before_it_is_due() -> None:
    grid = made(1000, number=0, now=5000)
    grid.begin(5000)
    assert grid.begin(5999) == Tick(frozenset(), 0)


def test_intervals_that_have_a_tick_in_common_begin_together() -> None:
    grid = made(200, 1000, number=7, now=12_345)
    together = 0
    for _ in range(50):
        assert grid.next is not None
        due = grid.begin(grid.next).intervals
        together += due == {200, 1000}
        assert 200 in due
    assert together == 10


def test_an_interval_that_stays_keeps_its_ticks() -> None:
    grid = made(1000, number=5, now=0)
    before = grid.next
    grid.alter([1000, 300_000], 10)
    assert grid.next == before


def test_an_interval_that_goes_is_due_no_more() -> None:
    grid = made(1000, number=5, now=0)
    grid.alter([], 10)
    assert grid.next is None


def test_devices_are_spread_over_the_interval() -> None:
    """Of a hundred devices no more than three are due in the same fiftieth of a second."""
    firsts = [made(1000, number=number, now=0).next or 0 for number in range(1, 101)]
    crowds = [sum(at // 20 == slot for at in firsts) for slot in range(50)]
    assert max(crowds) <= 3


HOUR = 3_600_000


def test_what_is_read_seldom_is_read_soon_for_the_first_time_and_then_on_its_grid() -> None:
    grid = made(HOUR, number=3, now=5000)
    first = grid.next
    assert first is not None
    assert 5000 <= first < 6000
    assert grid.begin(first) == Tick(frozenset({HOUR}), 0)
    then = grid.next
    assert then is not None
    assert grid.begin(then).missed == 0
    assert grid.next == then + HOUR


@pytest.mark.parametrize(("fresh", "soon"), [([HOUR], True), ([], False)])
def test_only_what_is_new_at_an_interval_brings_a_tick_forward(
    fresh: list[int], soon: bool
) -> None:
    grid = made(HOUR, number=3, now=0)
    grid.begin(1000)
    grid.alter([HOUR], 2000, fresh)
    assert grid.next is not None
    assert (grid.next < 3000) == soon


def test_something_new_at_a_short_interval_waits_for_its_tick() -> None:
    grid = made(1000, number=3, now=0)
    before = grid.next
    grid.alter([1000], 10, [1000])
    assert grid.next == before


def test_what_failed_is_tried_again_before_its_next_tick_and_then_on_its_grid() -> None:
    grid = made(HOUR, number=0)
    grid.begin(0)
    grid.again([HOUR, 1000], 4000)
    assert grid.next == 4000
    assert grid.begin(4000) == Tick(frozenset({HOUR}), 0)
    assert grid.next == HOUR


def test_what_is_due_before_is_not_put_off() -> None:
    grid = made(1000, number=0)
    grid.begin(0)
    grid.again([1000], 4000)
    assert grid.next == 1000


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=3, unique=True),
    st.integers(0, 10_000),
    st.lists(st.integers(1, 9000), max_size=30),
)
def test_every_tick_is_begun_or_missed_and_none_twice(
    intervals: list[int], number: int, steps: list[int]
) -> None:
    grid = made(*intervals, number=number)
    firsts = {each: grid._lines[each].due for each in intervals}
    now = begun = missed = 0
    for step in [*steps, 0]:
        now += step
        tick = grid.begin(now)
        begun += len(tick.intervals)
        missed += tick.missed
    due = sum((now - first) // each + 1 for each, first in firsts.items() if first <= now)
    assert begun + missed == due
