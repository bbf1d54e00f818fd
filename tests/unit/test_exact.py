"""Downsamplers computed from raw values, against independent computations."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series.exact import (
    Intervals,
    frequencies,
    identity,
    intervals,
    least_often,
    median,
    most_often,
)

BIG = 2**62 + 1


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([7], 7),
        ([7.5], 7.5),
        ([3, None, 1, 2], 2),
        ([1, 3], 2),
        ([1, 2], 1.5),
        ([1.0, 3.0], 2.0),
        ([1, 3.0], 2.0),
        ([5, 1, 2.0], 2.0),
        ([-1, -2], -1.5),
        ([BIG, BIG + 2], BIG + 1),
        ([2**63 - 1, 2**63 - 1], 2**63 - 1),
        ([1e308, 1.5e308], 1.25e308),
        ([-1e308, 1e308], 0.0),
        ([10**9 + 0.25, 10**9 + 0.75], 10**9 + 0.5),
    ],
)
def test_a_median_and_its_type(numbers: list[float | None], expected: float | None) -> None:
    found = median(numbers)
    assert (type(found), found) == (type(expected), expected)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=30))
def test_a_median_of_integers_is_exact_where_it_is_whole(numbers: list[int | None]) -> None:
    there = [Fraction(number) for number in numbers if number is not None]
    exact = statistics.median(there) if there else None
    assert median(numbers) == (float(exact) if exact and exact.denominator > 1 else exact)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30))
def test_a_median_of_floats_is_that_of_numpy(numbers: list[float]) -> None:
    assert median(numbers) == np.median(numbers)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([None], []),
        ([1, 2, 2], [(2, 2), (1, 1)]),
        ([2, 1, 1, 2, 3], [(2, 2), (1, 2), (3, 1)]),
        ([1, 1.0, True, "1"], [(1, 2), (True, 1), ("1", 1)]),
        ([1.0, 1], [(1.0, 2)]),
        ([0, False, 0.0, -0.0], [(0, 3), (False, 1)]),
        ([False, 0], [(False, 1), (0, 1)]),
        (["a", None, "b", "a"], [("a", 2), ("b", 1)]),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], [({"a": 1, "b": 2}, 2)]),
        ([{"a": 1}, {"a": True}], [({"a": 1}, 1), ({"a": True}, 1)]),
        ([[1, 2], [2, 1], [1.0, 2]], [([1, 2], 2), ([2, 1], 1)]),
        ([[], {}, [[]], "", [None]], [([], 1), ({}, 1), ([[]], 1), ("", 1), ([None], 1)]),
        ([2**53, float(2**53), 2**53 + 1], [(2**53, 2), (2**53 + 1, 1)]),
    ],
)
def test_frequencies(values: list[Any], expected: list[tuple[Any, int]]) -> None:
    found = frequencies(values)
    assert found == [{"v": value, "c": count} for value, count in expected]
    assert [type(entry["v"]) for entry in found] == [type(value) for value, _ in expected]


@pytest.mark.parametrize(
    ("values", "most", "least"),
    [
        ([], None, None),
        ([None, None], None, None),
        (["a"], "a", "a"),
        (["b", "a"], "b", "b"),
        (["b", "a", "a"], "a", "b"),
        (["c", "b", "a", "a", "b", "c", "d", "e"], "c", "d"),
        ([None, None, None, "a"], "a", "a"),
        ([True, 1, 1.0], 1, True),
        ([0, False, False], False, 0),
    ],
)
def test_most_and_least_often(values: list[Any], most: Any, least: Any) -> None:
    found = [most_often(values), least_often(values)]
    assert (found, [*map(type, found)]) == ([most, least], [type(most), type(least)])


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "b", "c", 1, 2.5])), max_size=40))
def test_frequencies_are_those_of_a_counter(values: list[Any]) -> None:
    counted = Counter(value for value in values if value is not None)
    expected = counted.most_common()
    assert [(entry["v"], entry["c"]) for entry in frequencies(values)] == expected


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["", "a", 0.0, 1.5])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are one, by comparing them part by part."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@given(JSON, JSON)
def test_identity_tells_values_apart(left: Any, right: Any) -> None:
    assert (identity(left) == identity(right)) == same(left, right)


def times(*at: int) -> np.ndarray[Any, Any]:
    return np.array(at, np.int64)


@pytest.mark.parametrize("at", [times(), times(1000)])
def test_fewer_than_two_datapoints_have_no_intervals(at: np.ndarray[Any, Any]) -> None:
    assert intervals(at) == Intervals(None, None, None, None, None)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (times(0, 0), Intervals(0, 0, 0, 0, 0)),
        (times(0, 250), Intervals(0.25, 0.25, 0.25, 0.0625, 0)),
        (times(1000, 2000, 5000), Intervals(2, 1, 3, 10, 1)),
        (times(*range(0, 1001, 100)), Intervals(0.1, 0.1, 0.1, 0.1, 0)),
        (times(0, 2**31 * 1000), Intervals(2**31, 2**31, 2**31, 2**62, 0)),
    ],
)
def test_intervals(at: np.ndarray[Any, Any], expected: Intervals) -> None:
    assert intervals(at) == expected


@given(st.lists(st.integers(0, 2**41), min_size=2, max_size=50).map(sorted))
def test_intervals_are_those_of_the_standard_library(at: list[int]) -> None:
    seconds = [(late - early) / 1000 for early, late in pairwise(at)]
    found = intervals(times(*at))
    assert found.mean == pytest.approx(statistics.fmean(seconds))
    assert (found.min, found.max) == (min(seconds), max(seconds))
    assert found.sum_squares == pytest.approx(math.fsum(second**2 for second in seconds))
    assert found.std_dev == pytest.approx(statistics.pstdev(seconds), rel=1e-6, abs=1e-6)
