"""Where raw datapoints are kept: documents of several widths, names that keep their order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series import buckets
from hub.series.buckets import Bucket
from hub.series.points import Points

WIDTHS = ((0, 60_000), (100_000, 1000), (250_000, 3_600_000))


@pytest.mark.parametrize(
    ("at", "width"),
    [(-5, 60_000), (0, 60_000), (99_999, 60_000), (100_000, 1000), (10**12, 3_600_000)],
)
def test_a_width_counts_from_its_moment_on(at: int, width: int) -> None:
    assert buckets.width_at(WIDTHS, at) == width


def test_of_two_widths_from_one_moment_the_later_counts() -> None:
    assert buckets.width_at(((0, 60_000), (0, 1000)), 5) == 1000


@given(times=st.lists(st.integers(0, 400_000), max_size=50))
@pytest.mark.parametrize("widths", [WIDTHS, ((0, 60_000), (0, 1000)), ((0, 10_000),)])
def test_a_datapoint_s_time_alone_tells_its_document(
    widths: buckets.Widths, times: list[int]
) -> None:
    at = np.array(sorted(times), np.int64)
    found = list(buckets.split(7, widths, at))
    places = [index for _, chosen in found for index in range(chosen.start, chosen.stop)]
    assert places == list(range(len(at)))
    for bucket, chosen in found:
        for moment in at[chosen].tolist():
            width = buckets.width_at(widths, moment)
            assert bucket == Bucket(7, width, moment - moment % width)
    assert all(one[0] != other[0] for one, other in pairwise(found))


@given(offset=st.integers(0, 10**12), sequence=st.integers(0, 10**6))
def test_a_name_tells_its_offset_and_sequence(offset: int, sequence: int) -> None:
    assert buckets.parsed(buckets.name(offset, sequence)) == (offset, sequence)


named = st.dictionaries(st.tuples(st.integers(0, 30), st.integers(0, 15)), st.integers())


@given(held=named)
def test_datapoints_come_by_time_then_arrival(held: dict[tuple[int, int], Any]) -> None:
    """Whatever the order of the names in the document; a tenth one comes after the second."""
    document = {buckets.name(*key): value for key, value in held.items()}
    points = buckets.points_of(Bucket(1, 1000, 5000), document)
    assert points.at.tolist() == [5000 + offset for offset, _ in sorted(held)]
    assert points.values == [held[key] for key in sorted(held)]


@given(held=st.dictionaries(st.integers(0, 30), st.integers()))
def test_single_datapoints_come_by_time(held: dict[int, Any]) -> None:
    document = {str(offset): value for offset, value in held.items()}
    points = buckets.points_of(Bucket(1, 1000, 5000), document)
    assert points.values == [held[offset] for offset in sorted(held)]
    assert points.at.tolist() == [5000 + offset for offset in sorted(held)]


@given(times=st.lists(st.integers(0, 20), max_size=30))
def test_points_of_one_instant_keep_their_order(times: list[int]) -> None:
    points = buckets.in_order(Points(np.array(times, np.int64), list(range(len(times)))))
    wanted = sorted(range(len(times)), key=lambda index: times[index])
    assert points.values == wanted
    assert points.at.tolist() == sorted(times)
