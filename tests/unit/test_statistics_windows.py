"""Windows of statistics: their grid, and what is in one, against slow and exact arithmetic."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from hub.errors import Invalid
from hub.series.points import Points
from hub.series.windows import (
    DEFAULT_MS,
    HOUR_MS,
    ONE_MINUTE,
    changed,
    grain,
    length_ms,
    numbers,
    starts,
    summarized,
    widened,
)
from tests.figures import FIELDS, exact


def one(values: list[float]) -> dict[str, float]:
    made = summarized(np.zeros(len(values), np.int64), np.array(values, np.float64))
    assert len(made) == 1
    return dict(zip(FIELDS, made.rows()[0], strict=True))


KINDS = {
    "small": lambda rng: rng.gauss(0, 1),
    "about a large offset": lambda rng: 1e12 + rng.gauss(0, 1e-3),
    "cancelling": lambda rng: rng.choice((1e15, -1e15, 1.0)),
    "huge": lambda rng: rng.choice((-1, 1)) * rng.uniform(1e307, 1.7e308),
    "tiny": lambda rng: rng.uniform(-1e-300, 1e-300),
    "of every size": lambda rng: rng.choice((-1, 1)) * 10 ** rng.uniform(-200, 200),
    "equal": lambda rng: 0.1,
    "zero": lambda rng: 0.0,
}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 61, 600])
@pytest.mark.parametrize("kind", KINDS)
def test_a_window_is_what_exact_arithmetic_makes_of_it(kind: str, count: int) -> None:
    rng = random.Random(f"{kind} {count}")
    values = [KINDS[kind](rng) for _ in range(count)]
    found, wanted = one(values), exact(values)
    scale = max(abs(value) for value in values)
    for name in FIELDS:
        assert found[name] == pytest.approx(wanted[name], rel=1e-12, abs=scale * 1e-15), name


@pytest.mark.parametrize(
    ("values", "quarters"),
    [
        ([7], (7, 7, 7)),
        ([1, 2], (1.25, 1.5, 1.75)),
        ([3, 1, 2], (1.5, 2, 2.5)),
        ([1, 2, 3, 4], (1.75, 2.5, 3.25)),
        ([5, 1, 4, 2, 3], (2, 3, 4)),
    ],
)
def test_quartiles_lie_on_the_line_between_the_closest_ranks(
    values: list[float], quarters: tuple[float, float, float]
) -> None:
    found = one(values)
    assert (found["q1"], found["median"], found["q3"]) == quarters


def test_groups_in_any_order_are_summarized_each_for_itself() -> None:
    rng = random.Random(3)
    group = [rng.choice((60, 0, 180, 600)) for _ in range(500)]
    values = [rng.gauss(0, 1) for _ in group]
    made = summarized(np.array(group, np.int64), np.array(values))
    assert made.group.tolist() == [0, 60, 180, 600]
    for number, row in zip(made.group.tolist(), made.rows(), strict=True):
        own = [value for of, value in zip(group, values, strict=True) if of == number]
        wanted = [exact(own)[name] for name in FIELDS]
        assert row == pytest.approx(wanted, rel=1e-12, abs=1e-15)


def test_no_values_are_no_groups() -> None:
    assert summarized(np.empty(0, np.int64), np.empty(0)).rows() == []


def test_nulls_are_no_values_and_downsampled_objects_count_as_their_mean() -> None:
    points = Points(np.array([1, 2, 3, 4]), [5, None, {"m": 2.5, "c": 9}, {"c": 0, "m": None}])
    at, values = numbers(points)
    assert (at.tolist(), values.tolist()) == ([1, 3], [5.0, 2.5])


@pytest.mark.parametrize(("seconds", "ms"), [(0, 0), (1, 1000), (60, 60_000), (3600, HOUR_MS)])
def test_a_length_divides_the_hour(seconds: float, ms: int) -> None:
    assert length_ms(seconds) == ms


@pytest.mark.parametrize("seconds", [-1, 0.5, 7, 3601, 7200, 1e300, math.nan, math.inf])
def test_other_lengths_are_refused(seconds: float) -> None:
    with pytest.raises(Invalid):
        length_ms(seconds)


def test_another_length_counts_from_the_next_whole_hour() -> None:
    once = changed(ONE_MINUTE, 5 * HOUR_MS + 1, 10_000)
    assert once == ((0, DEFAULT_MS), (6 * HOUR_MS, 10_000))
    assert changed(once, 5 * HOUR_MS + 2, 20_000) == ((0, DEFAULT_MS), (6 * HOUR_MS, 20_000))
    assert changed(once, 5 * HOUR_MS + 2, DEFAULT_MS) == ONE_MINUTE
    assert changed(ONE_MINUTE, 0, 10_000) == ((0, 10_000),)


def test_the_time_of_a_datapoint_decides_its_window() -> None:
    lengths = ((0, 60_000), (HOUR_MS, 0), (2 * HOUR_MS, 10_000))
    at = [61_000, HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS - 1, 2 * HOUR_MS + 19_999]
    start, there = starts(lengths, np.array(at, np.int64))
    assert there.tolist() == [True, True, False, False, True]
    assert start[there].tolist() == [60_000, HOUR_MS - 60_000, 2 * HOUR_MS + 10_000]


@pytest.mark.parametrize(
    ("spans", "windows"),
    [
        ([(70_000, 80_000)], [(60_000, 120_000)]),
        ([(0, 1), (59_999, 60_000)], [(0, 60_000)]),
        ([(0, 1), (60_000, 60_001)], [(0, 120_000)]),
        ([(0, 1), (120_000, 120_001)], [(0, 60_000), (120_000, 180_000)]),
        ([(HOUR_MS - 1, HOUR_MS + 1)], [(HOUR_MS - 60_000, HOUR_MS + 10_000)]),
        ([(5, 5)], []),
    ],
)
def test_changes_are_widened_to_whole_windows(
    spans: list[tuple[int, int]], windows: list[tuple[int, int]]
) -> None:
    assert widened(((0, 60_000), (HOUR_MS, 10_000)), spans) == windows


def test_the_grain_cuts_no_window() -> None:
    assert grain(((0, 60_000), (HOUR_MS, 45_000), (2 * HOUR_MS, 0)), 10_000) == 180_000
