"""Parts of buckets: merged in one step or in many, they tell the same; rows are their image."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series import parts, rows
from hub.series.levels import LEVELS, ROLLUPS, Level
from hub.series.parts import INT_MAX, INT_MIN, Parts
from hub.series.points import SQUARE_MAX, Points, as_parts

integers = st.integers(-(2**40), 2**40)
floats = st.floats(-1e12, 1e12)
values = st.one_of(st.none(), integers, floats, st.integers(INT_MIN, INT_MAX))
eighths = st.one_of(st.none(), st.integers(-999, 999), st.integers(-999, 999).map(lambda n: n / 8))
streams = st.lists(st.tuples(st.integers(0, 300_000), values), min_size=1, max_size=25)
MINUTES = ROLLUPS[1]
WHOLE_DAY = LEVELS[-1]


def of(held: list[tuple[int, Any]]) -> Parts:
    ordered = sorted(held, key=lambda point: point[0])
    at = np.array([point[0] for point in ordered], np.int64)
    return as_parts(Points(at, [point[1] for point in ordered]), numeric=True)


def merged(found: Parts, level: Level, *, cut: bool = False) -> Parts:
    return parts.grouped(found, found.at - found.at % level.width_ms, cut=cut)[0]


def total(found: Parts, index: int = 0) -> float:
    return int(found.total_int[index]) if found.whole[index] else float(found.total[index])


def scale(held: list[tuple[int, Any]]) -> float:
    """What the rounding of sums is measured by."""
    return sum(abs(float(value)) for _, value in held if value is not None)


@given(held=streams)
def test_counts_times_and_extremes_are_exact(held: list[tuple[int, Any]]) -> None:
    day = merged(of(held), WHOLE_DAY)
    numbers = [value for _, value in held if value is not None]
    assert (len(day), day.points.tolist(), day.count.tolist()) == (1, [len(held)], [len(numbers)])
    times = [at for at, _ in held]
    assert (day.first.tolist(), day.last.tolist()) == ([min(times)], [max(times)])
    assert day.seconds.tolist() == [sum(at // 1000 for at, value in held if value is not None)]
    if numbers:
        assert (day.low[0], day.high[0]) == (float(min(numbers)), float(max(numbers)))
    else:
        assert math.isnan(day.low[0])


@given(held=st.lists(st.tuples(st.integers(0, 300_000), integers), min_size=1, max_size=25))
def test_integers_stay_exact_integers(held: list[tuple[int, int]]) -> None:
    day = merged(merged(of(held), ROLLUPS[0]), WHOLE_DAY)
    own = [value for _, value in held]
    assert day.whole.tolist() == [True]
    assert (int(day.total_int[0]), int(day.low_int[0]), int(day.high_int[0])) == (
        sum(own), min(own), max(own),
    )  # fmt: skip
    if day.squared[0]:
        assert int(day.squares_int[0]) == sum(value * value for value in own)


@given(held=streams)
def test_sums_and_spreads_are_near_the_exact_ones(held: list[tuple[int, Any]]) -> None:
    numbers = [Fraction(value) for _, value in held if value is not None]
    day = merged(merged(of(held), MINUTES), WHOLE_DAY)
    assert total(day) == pytest.approx(float(sum(numbers)), abs=1e-14 * scale(held))
    if numbers:
        width = float(max(numbers) - min(numbers))
        exact = float(statistics.pvariance(numbers) * len(numbers))
        slack = 1e-9 * width * width + (1e-13 * scale(held)) ** 2
        assert float(day.spread[0]) == pytest.approx(exact, rel=1e-9, abs=slack)


@pytest.mark.parametrize(
    ("offset", "digits"), [(0, 1e-12), (10**9, 1e-9), (1e9, 1e-9), (-(10**12), 1e-5)]
)
def test_a_large_offset_costs_few_digits_of_the_spread(offset: float, digits: float) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(-8, 9, 5000) / 8
    held = [(n * 50, offset + value) for n, value in enumerate(noise.tolist())]
    found = of(held)
    for level in ROLLUPS:
        found = merged(found, level)
    deviation = math.sqrt(float(found.spread[0]) / 5000)
    assert deviation == pytest.approx(float(np.std(noise)), rel=digits)


@given(held=streams, cut=st.booleans())
@pytest.mark.parametrize("through", [ROLLUPS[0], MINUTES])
def test_merging_in_steps_is_merging_at_once(
    through: Level, held: list[tuple[int, Any]], cut: bool
) -> None:
    """But for the mean time, where it is cut to the second on the way."""
    steps = merged(merged(of(held), through), WHOLE_DAY, cut=cut)
    once = merged(of(held), WHOLE_DAY)
    for name in ("points", "count", "first", "last", "squared", "whole"):
        assert getattr(steps, name).tolist() == getattr(once, name).tolist(), name
    assert total(steps) == pytest.approx(total(once), abs=1e-14 * scale(held))
    if not cut:
        assert steps.seconds.tolist() == once.seconds.tolist()
    else:
        less = int(once.seconds[0] - steps.seconds[0])
        assert 0 <= less < max(1, int(once.count[0]))


def test_cut_takes_each_mean_time_down_to_the_second() -> None:
    """Means of 1/2, 11 and 24 1/3 s with 2, 1 and 3 values."""
    times = (0, 1, 11, 24, 24, 25)
    fine = merged(of([(at * 1000, 1) for at in times]), ROLLUPS[0])
    assert merged(fine, MINUTES, cut=False).seconds.tolist() == [sum(times)]
    assert merged(fine, MINUTES, cut=True).seconds.tolist() == [0 * 2 + 11 + 24 * 3]


@pytest.mark.parametrize("cut", [[True, False], [False, True]])
def test_each_row_may_be_cut_or_not(cut: list[bool]) -> None:
    fine = merged(of([(0, 1), (1000, 1), (10_000, 1), (11_000, 1)]), ROLLUPS[0])
    chosen = np.array(cut, np.bool_)
    start = fine.at - fine.at % MINUTES.width_ms
    found, _ = parts.grouped(fine, start, cut=chosen)
    assert found.seconds.tolist() == [22 - 1]


def test_rows_of_two_owners_are_kept_apart() -> None:
    both = parts.joined([of([(0, 1), (5, 2)]), of([(0, 4)])])
    owner = np.array([0, 0, 1])
    found, begins = parts.grouped(both, np.zeros(3, np.int64), cut=False, owner=owner)
    assert (found.total_int.tolist(), begins.tolist()) == ([3, 4], [0, 2])


@pytest.mark.parametrize(
    ("own", "whole", "squared"),
    [
        ([INT_MAX], False, False),
        ([2**62], True, False),
        ([2**62, 2**62], False, False),
        ([2**62, -(2**62)], False, False),
        ([SQUARE_MAX], True, False),
        ([SQUARE_MAX - 10**7], True, True),
        ([2 * 10**9] * 3, True, False),
        ([1, None], True, True),
        ([1, 1.0], False, False),
        ([None], True, True),
    ],
)
def test_what_does_not_fit_64_bit_is_no_exact_integer(
    own: list[Any], whole: bool, squared: bool
) -> None:
    day = merged(of([(n, value) for n, value in enumerate(own)]), WHOLE_DAY)
    assert (bool(day.whole[0]), bool(day.squared[0])) == (whole, squared)
    numbers = [value for value in own if value is not None]
    assert total(day) == pytest.approx(float(sum(numbers)), rel=1e-15)


@given(held=streams)
@pytest.mark.parametrize("level", [ROLLUPS[0], WHOLE_DAY], ids=lambda level: level.name)
def test_a_row_is_read_back_as_it_was(level: Level, held: list[tuple[int, Any]]) -> None:
    made = merged(of(held), level)
    back = rows.parts(made.at.tolist(), rows.rows(made))
    counted = made.count > 0
    for name in ("at", "points", "count", "seconds", "first", "last", "spread"):
        assert getattr(back, name).tolist() == getattr(made, name).tolist(), name
    assert back.total.tolist() == pytest.approx(made.total.tolist(), abs=1e-14 * scale(held))
    for name in ("low", "high", "whole", "squared"):
        found, wanted = (getattr(one, name)[counted].tolist() for one in (back, made))
        assert found == wanted, name
    chosen = counted & made.whole
    for name in ("total_int", "low_int", "high_int"):
        found, wanted = (getattr(one, name)[chosen].tolist() for one in (back, made))
        assert found == wanted, name
    chosen = counted & made.squared
    assert back.squares_int[chosen].tolist() == made.squares_int[chosen].tolist()


@given(held=st.lists(st.tuples(st.integers(0, 300_000), eighths), min_size=1, max_size=25))
def test_rows_merge_on_as_the_parts_they_were(held: list[tuple[int, Any]]) -> None:
    fine = merged(of(held), ROLLUPS[0])
    back = rows.parts(fine.at.tolist(), rows.rows(fine))
    wanted, found = merged(fine, WHOLE_DAY), merged(back, WHOLE_DAY)
    assert rows.rows(found) == rows.rows(wanted)


def test_a_row_without_numbers_is_short() -> None:
    made = merged(of([(5000, None), (6000, None)]), ROLLUPS[0])
    assert rows.rows(made) == [[2, 0, 0, 5000, 6000]]


OBJECT = {"c": 4, "s": 10, "q": 30, "l": 1, "u": 4, "m": 2.5, "d": math.sqrt(1.25)}


def test_an_appended_object_counts_as_what_it_stands_for() -> None:
    day = merged(of([(0, OBJECT), (1000, 5), (2000, None)]), WHOLE_DAY)
    assert (day.points[0], day.count[0], day.total_int[0]) == (3, 5, 15)
    assert (day.low_int[0], day.high_int[0], day.squares_int[0]) == (1, 5, 55)
    assert float(day.spread[0]) == pytest.approx(statistics.pvariance([1, 2, 3, 4, 5]) * 5)


@pytest.mark.parametrize(
    ("left", "wanted"),
    [("cs", (10, 2.5, 2.5)), ("clu", (10, 1, 4)), ("cm", (10, 2.5, 2.5)), ("c", (0, 0, 0))],
)
def test_an_object_with_fewer_letters_tells_what_it_can(
    left: str, wanted: tuple[float, float, float]
) -> None:
    day = merged(of([(0, {letter: OBJECT[letter] for letter in left})]), WHOLE_DAY)
    assert day.count.tolist() == [4]
    assert (total(day), float(day.low[0]), float(day.high[0])) == wanted


def test_an_object_of_nothing_is_a_null() -> None:
    empty = {"c": 0, **dict.fromkeys("sqlumd")}
    day = merged(of([(0, empty)]), WHOLE_DAY)
    assert (day.points.tolist(), day.count.tolist(), math.isnan(day.low[0])) == ([1], [0], True)
