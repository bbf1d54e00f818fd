"""Datapoints as a reader gets them: times, letters, null points."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from hub.series import parts, shape
from hub.series.levels import LEVELS, ROLLUPS, Level
from hub.series.names import STORED_TIMES, STORED_VALUES
from hub.series.parts import Parts
from hub.series.points import Points, as_parts

TENS, MINUTES = ROLLUPS[0], ROLLUPS[1]


def of(held: list[tuple[int, Any]], level: Level, *, numeric: bool = True) -> Parts:
    """Parts of a level of some (ms, value), through the levels between."""
    at = np.array([point[0] for point in held], np.int64)
    found = as_parts(Points(at, [point[1] for point in held]), numeric=numeric)
    for one in LEVELS[1 : level.rank + 1]:
        start = found.at - found.at % one.width_ms
        found, _ = parts.grouped(found, start, cut=one.rank > 1)
    return found


def frame(level: Level, first: int, after: int, ends: tuple[int, int]) -> shape.Frame:
    start = np.arange(first, after, dtype=np.int64) * level.width_ms
    return shape.Frame(start, start + level.width_ms, TENS.width_ms, *ends)


def told(
    held: list[tuple[int, Any]],
    level: Level = MINUTES,
    *,
    after: int | None = None,
    numeric: bool = True,
) -> list[dict[str, Any]]:
    ends = (held[0][0], held[-1][0])
    first, last = (at // level.width_ms for at in ends)
    asked = frame(level, first, last + 1 if after is None else after, ends)
    values = STORED_VALUES if numeric else ("count",)
    found = of(held, level, numeric=numeric)
    return shape.downsampled(found, asked, values, STORED_TIMES, lambda kind, name: None)


def seconds(point: dict[str, Any]) -> tuple[int, int, int]:
    """``a``, ``m`` and ``z`` as seconds since 1970."""
    times = np.array([point["t"][letter][:-1] for letter in "amz"], "datetime64[s]")
    return tuple(times.astype(np.int64).tolist())


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (999, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (2**31 * 1000 - 1, "2038-01-19T03:14:07Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
    ],
)
def test_times_are_iso_cut_to_the_second(at: int, wanted: str) -> None:
    assert shape.iso(np.array([at], np.int64)) == [wanted]


def test_a_raw_datapoint_is_its_time_and_value() -> None:
    held = Points(np.array([1500, 2000], np.int64), [{"any": ["json"]}, None])
    assert shape.raw(held) == [
        {"t": "1970-01-01T00:00:01Z", "v": {"any": ["json"]}},
        {"t": "1970-01-01T00:00:02Z", "v": None},
    ]


def test_the_seven_values_of_some_numbers() -> None:
    (point,) = told([(0, 1), (1000, 2), (11_000, None), (12_000, 6)])
    spread = math.sqrt(14 / 3)
    wanted = {"c": 3, "s": 9, "m": 3.0, "l": 1, "u": 6, "q": 41, "d": pytest.approx(spread)}
    assert point["v"] == wanted
    assert [type(point["v"][letter]) for letter in "csluqm"] == [int] * 5 + [float]


def test_one_value_deviates_from_nothing() -> None:
    assert told([(0, 5.5)])[0]["v"]["d"] == 0


def test_an_empty_bucket_is_a_null_point_in_its_middle() -> None:
    _, empty, _ = told([(0, 1), (130_000, 2)])
    assert empty["v"] == {"c": 0, **dict.fromkeys("dlmqsu")}
    assert seconds(empty) == (65, 90, 115), "the middles of its first and last ten seconds"


def test_an_empty_bucket_of_the_first_level_has_one_middle() -> None:
    _, empty, _ = told([(0, 1), (25_000, 2)], TENS)
    assert seconds(empty) == (15, 15, 15)


def test_nulls_have_times_and_count_for_nothing() -> None:
    nulls, _ = told([(3000, None), (4000, None), (10_000, 1)], TENS)
    assert nulls["v"] == {"c": 0, **dict.fromkeys("dlmqsu")}
    assert seconds(nulls) == (3, 5, 4)


def test_the_mean_time_is_of_values_and_whole() -> None:
    point, _ = told([(0, None), (3000, 1), (4999, 1), (10_000, 1)], TENS)
    assert seconds(point) == (0, 3, 4)


def test_the_first_bucket_begins_with_the_stream() -> None:
    """Before the earliest datapoint there are no null points to take times from."""
    point, _ = told([(35_000, 1), (62_000, 1)])
    assert seconds(point) == (35, 35, 55)


def test_an_open_bucket_ends_with_the_stream() -> None:
    (point,) = told([(2000, 1), (35_000, 1)])
    assert seconds(point) == (2, 18, 35), "means cut to 2 and 35, then to (2 + 35) // 2 = 18"


def test_an_empty_first_ten_seconds_tells_their_middle() -> None:
    _, point, _ = told([(0, 1), (75_000, 1), (119_000, 1), (120_000, 1)])
    assert seconds(point)[0] == 65


@pytest.mark.parametrize("letters", ["", "c", "mc", "dlqsu"])
def test_only_the_downsamplers_asked_for_are_told(letters: str) -> None:
    held = [(0, 1), (1000, 2)]
    names = [name for name in STORED_VALUES if shape.VALUE_LETTERS[name] in letters]
    asked = frame(MINUTES, 0, 1, (0, 1000))
    (point,) = shape.downsampled(of(held, MINUTES), asked, names, (), lambda kind, name: None)
    assert (set(point["v"]), point["t"]) == (set(letters), {})


def test_extra_columns_stand_beside_the_stored_ones() -> None:
    columns = {("value", "median"): [1.5], ("time", "intervals_max"): [1.0]}
    asked = frame(MINUTES, 0, 1, (0, 1000))
    (point,) = shape.downsampled(
        of([(0, 1), (1000, 2)], MINUTES), asked, ("count", "median"),
        ("first", "intervals_max"), lambda kind, name: columns.get((kind, name)),
    )  # fmt: skip
    assert point == {"t": {"a": "1970-01-01T00:00:00Z", "u": 1.0}, "v": {"c": 2, "n": 1.5}}


def test_what_is_no_number_is_counted() -> None:
    point, _ = told([(0, "a"), (1000, None), (2000, [1]), (60_000, "b")], numeric=False)
    assert point["v"] == {"c": 2}
    assert seconds(point)[1] == 1


def test_of_two_buckets_that_begin_at_once_the_last_has_what_is_there() -> None:
    """A day that a zone never had takes no time: it begins where the next one does."""
    start = np.array([0, 60_000, 60_000], np.int64)
    end = np.array([60_000, 60_000, 120_000], np.int64)
    asked = shape.Frame(start, end, TENS.width_ms, 0, 119_000)
    held = [(0, 1), (60_000, 2), (119_000, 3)]
    found = shape.downsampled(of(held, MINUTES), asked, ("count",), (), lambda kind, name: None)
    assert [point["v"]["c"] for point in found] == [1, 0, 2]


@pytest.mark.parametrize("own", [[1e308, 1e308], [1e200, -1e200], [1e308, -1e308], [-1e308] * 3])
def test_numbers_too_large_for_a_float_are_null_and_the_answer_is_json(own: list[float]) -> None:
    (point,) = told([(n * 1000, value) for n, value in enumerate(own)])
    json.dumps(point, allow_nan=False)
    assert point["v"]["q"] is None
    assert (point["v"]["c"], point["v"]["l"], point["v"]["u"]) == (len(own), min(own), max(own))
