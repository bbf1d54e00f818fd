"""Ticks: on their grid, together where they can be, missed where they are late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.jobs.polling.grid import Grid, Tick


def run(grid: Grid, moments: list[int]) -> list[Tick]:
    return [grid.begin(now) for now in moments]


def test_the_first_tick_is_within_an_interval() -> None:
    grid = Grid([1000], number=3, now=5000)
    assert grid.next is not None
    assert 5000 <= grid.next < 6000


def test_a_tick_that_was_begun_is_due_again_an_interval_later() -> None:
    grid = Grid([1000], number=0, now=5000)
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
    grid = Grid([1000], number=0, now=5000)
    assert (grid.begin(now).missed, grid.next) == (missed, then)


def test_nothing_is_begun_before_it_is_due() -> None:
    grid = Grid([1000], number=0, now=5000)
    grid.begin(5000)
    assert grid.begin(5999) == Tick(frozenset(), 0)


def test_intervals_that_have_a_tick_in_common_begin_together() -> None:
    grid = Grid([200, 1000], number=7, now=12_345)
    together = 0
    for _ in range(50):
        assert grid.next is not None
        due = grid.begin(grid.next).intervals
        together += due == {200, 1000}
        assert 200 in due
    assert together == 10


def test_an_interval_that_stays_keeps_its_ticks() -> None:
    grid = Grid([1000], number=5, now=0)
    before = grid.next
    grid.alter([1000, 300_000], 10)
    assert grid.next == before


def test_an_interval_that_goes_is_due_no_more() -> None:
    grid = Grid([1000], number=5, now=0)
    grid.alter([], 10)
    assert grid.next is None


def test_devices_are_spread_over_the_interval() -> None:
    """Of a hundred devices no more than three are due in the same fiftieth of a second."""
    firsts = [Grid([1000], number=number, now=0).next or 0 for number in range(1, 101)]
    crowds = [sum(at // 20 == slot for at in firsts) for slot in range(50)]
    assert max(crowds) <= 3


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=3, unique=True),
    st.integers(0, 10_000),
    st.lists(st.integers(1, 9000), max_size=30),
)
def test_every_tick_is_begun_or_missed_and_none_twice(
    intervals: list[int], number: int, steps: list[int]
) -> None:
    grid = Grid(intervals, number, 0)
    firsts = {each: Grid(intervals, number, 0)._due[each] for each in intervals}
    now = begun = missed = 0
    for step in [*steps, 0]:
        now += step
        tick = grid.begin(now)
        begun += len(tick.intervals)
        missed += tick.missed
    due = sum((now - first) // each + 1 for each, first in firsts.items() if first <= now)
    assert begun + missed == due
