"""Fewer points for drawing, against plain implementations and by what must always hold."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.series.draw import lttb, m4

NAN = math.nan
STEPS = st.lists(st.integers(0, 5000), min_size=1, max_size=80)
NUMBERS = st.integers(-1000, 1000)


def ints(values: Any) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def floats(values: Any) -> np.ndarray[Any, Any]:
    return np.array(values, np.float64)


@st.composite
def lines(draw: st.DrawFn, *, nulls: bool = False) -> tuple[list[int], list[float]]:
    """Times that may stand still, and whole numbers, so that plain sums are exact."""
    at = np.cumsum(draw(STEPS)).tolist()
    value = st.one_of(st.just(NAN), NUMBERS) if nulls else NUMBERS
    return at, [float(draw(value)) for _ in at]


def plain_lttb(at: list[int], values: list[float], points: int) -> list[int]:
    """The published algorithm, step by step; 3 points or more, fewer than there are."""
    inner, buckets = len(at) - 2, points - 2
    starts = [1 + bucket * inner // buckets for bucket in range(buckets + 1)]
    ranges = [range(low, high) for low, high in pairwise(starts)] + [range(len(at) - 1, len(at))]
    chosen = [0]
    for here, following in pairwise(ranges):
        mean_x = sum(at[i] - at[0] for i in following) / len(following)
        mean_y = sum(values[i] for i in following) / len(following)
        x0, y0 = at[chosen[-1]] - at[0], values[chosen[-1]]
        best, largest = -1, -1.0
        for i in here:
            x, y = at[i] - at[0], values[i]
            area = abs((x0 - mean_x) * (y - y0) - (x0 - x) * (mean_y - y0))
            if area > largest:
                best, largest = i, area
        chosen.append(best)
    return [*chosen, len(at) - 1]


@settings(max_examples=300, deadline=None)
@given(lines(), st.integers(3, 60))
def test_lttb_chooses_as_the_published_algorithm(
    line: tuple[list[int], list[float]], points: int
) -> None:
    at, values = line
    expected = plain_lttb(at, values, points) if len(at) > points else list(range(len(at)))
    assert lttb(ints(at), floats(values), points).tolist() == expected


@pytest.mark.parametrize("points", [3, 4, 7, 100, 999])
def test_lttb_returns_so_many_of_a_longer_line(points: int) -> None:
    values = np.random.default_rng(1).normal(size=1000)
    found = lttb(np.arange(1000) * 1000, values, points)
    assert (len(found), found[0], found[-1]) == (points, 0, 999)
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("count", "points", "expected"),
    [(0, 3, []), (1, 1, [0]), (2, 1, [0]), (5, 1, [0]), (5, 2, [0, 4]), (2, 2, [0, 1]),
     (5, 5, [0, 1, 2, 3, 4]), (5, 9, [0, 1, 2, 3, 4]), (0, 1, [])],
)  # fmt: skip
def test_lttb_of_few(count: int, points: int, expected: list[int]) -> None:
    assert lttb(np.arange(count), np.arange(count) * 1.0, points).tolist() == expected


def test_lttb_keeps_a_lone_spike() -> None:
    values = np.zeros(10_000)
    values[4321] = 1e-9
    assert 4321 in lttb(np.arange(10_000), values, 50)


@pytest.mark.parametrize("scale", [1e308, 1e-308, 5e-324, 0.0])
def test_lttb_of_values_at_the_ends_of_floats(scale: float) -> None:
    values = np.tile([-1.0, 1.0, 0.5], 40) * scale
    assert len(lttb(np.arange(120), values, 10)) == 10


@pytest.mark.parametrize(
    ("values", "points", "expected"),
    [
        ([NAN] * 6, 3, [0, 5]),
        ([NAN] * 6, 1, [0]),
        ([1, NAN, NAN, NAN, NAN, 1], 3, [0, 1, 5]),
        ([NAN, NAN, 1, 1, NAN, NAN], 4, [2, 3]),
        ([NAN, 1, NAN, 1, NAN, 1], 3, [1, 2, 5]),
        ([NAN, NAN, 1, 1, 1, NAN, NAN], 5, [0, 2, 3, 4, 6]),
        ([NAN, 1, NAN, 1, NAN, 1, NAN], 5, [0, 1, 2, 5, 6]),
        ([1, 1, NAN, 1, 1, 1, 1], 5, [0, 1, 2, 4, 6]),
        ([1, NAN, NAN, 1, NAN, 1, 1], 6, [0, 1, 3, 4, 5, 6]),
    ],
)
def test_lttb_marks_gaps(values: list[float], points: int, expected: list[int]) -> None:
    assert lttb(np.arange(len(values)), floats(values), points).tolist() == expected


@pytest.mark.parametrize("points", range(3, 15))
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("count", [40, 41])
def test_lttb_of_a_line_with_every_second_null(count: int, first: int, points: int) -> None:
    values = np.arange(count) * 1.0
    values[first::2] = NAN
    found = lttb(np.arange(count), values, points)
    assert points - 2 <= len(found) <= points


def assert_gaps_are_marked(values: list[float], found: list[int]) -> None:
    """One null between two chosen neighbours where there is any between them, else none."""
    data = [index for index in found if not math.isnan(values[index])]
    for low, high in pairwise(data):
        marked = [i for i in found if low < i < high]
        assert len(marked) == any(math.isnan(value) for value in values[low:high])


@settings(max_examples=300, deadline=None)
@given(lines(nulls=True), st.integers(3, 60))
def test_lttb_with_nulls_keeps_to_its_number_and_marks_every_gap(
    line: tuple[list[int], list[float]], points: int
) -> None:
    at, values = line
    found = lttb(ints(at), floats(values), points).tolist()
    assert found == sorted(set(found))
    assert len(found) <= points
    data = [index for index, value in enumerate(values) if not math.isnan(value)]
    assert set(data[:1] + data[-1:]) <= set(found)
    assert points < 5 or {0, len(at) - 1} <= set(found)
    if len(at) > points:
        assert_gaps_are_marked(values, found)


def plain_m4(
    at: list[int], values: list[float], columns: int, start_ms: int, end_ms: int
) -> list[int]:
    """First, last, lowest and highest of each column, found one by one."""
    held: dict[int, list[int]] = {}
    for index, (time, value) in enumerate(zip(at, values, strict=True)):
        if start_ms <= time <= end_ms and not math.isnan(value):
            width = max(end_ms - start_ms, 1)
            held.setdefault(min((time - start_ms) * columns // width, columns - 1), []).append(
                index
            )
    chosen = set()
    for indices in held.values():
        chosen |= {indices[0], indices[-1]}
        chosen.add(min(indices, key=lambda index: values[index]))
        chosen.add(max(indices, key=lambda index: values[index]))
    return sorted(chosen)


@settings(max_examples=300, deadline=None)
@given(lines(nulls=True), st.integers(1, 60), st.integers(-100, 90_000), st.integers(-10, 200_000))
def test_m4_chooses_as_the_plain_one(
    line: tuple[list[int], list[float]], points: int, start_ms: int, width_ms: int
) -> None:
    at, values = line
    end_ms = start_ms + width_ms
    found = m4(ints(at), floats(values), points, start_ms, end_ms).tolist()
    inside = [index for index, time in enumerate(at) if start_ms <= time <= end_ms]
    if len(inside) <= max(points, 4):
        assert found == inside
        return
    chosen = [index for index in found if not math.isnan(values[index])]
    assert chosen == plain_m4(at, values, max(points // 4, 1), start_ms, end_ms)
    assert_gaps_are_marked(values, found)
    assert found == sorted(set(found))
    assert {inside[0], inside[-1]} <= set(found)


def test_m4_keeps_the_extremes_and_ends_of_every_column() -> None:
    values = np.random.default_rng(2).normal(size=10_000)
    found = set(m4(np.arange(10_000), values, 400, 0, 9_999).tolist())
    edges = [math.ceil(column * 9_999 / 100) for column in range(100)]
    for low, high in pairwise([*edges, 10_000]):
        part = values[low:high]
        assert {low, high - 1, low + part.argmin(), low + part.argmax()} <= found


def test_m4_of_a_flat_line_keeps_the_ends_of_each_column() -> None:
    found = m4(np.arange(100), np.zeros(100), 8, 0, 99)
    assert found.tolist() == [0, 49, 50, 99]


def test_m4_of_nulls_alone() -> None:
    assert m4(np.arange(50), np.full(50, NAN), 8, 10, 39).tolist() == [10, 39]


def test_m4_of_one_instant() -> None:
    found = m4(np.full(20, 7), np.arange(20.0) % 9, 8, 7, 7)
    assert found.tolist() == [0, 8, 19]
