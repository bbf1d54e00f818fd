"""The parts by which a count is estimated."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hub.services.odata.counting import PARTS, PARTS_MAX, parts_of


@pytest.mark.parametrize("size", [1, 2, 999, 1_000, 1_001, 12_345, 5_000_000, 70_000_001])
def test_parts_are_the_whole_range_once(size: int) -> None:
    parts = sorted(parts_of(5, size + 4))
    assert parts[0][0] == 5
    assert parts[-1][1] == size + 5
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert len(parts) == min(size, max(PARTS, min(PARTS_MAX, size // 2_000)))


@pytest.mark.parametrize("size", [20_000, 5_000_000, 70_000_000])
@pytest.mark.parametrize("taken", [16, 40, 100, 333])
def test_a_few_parts_lie_evenly_over_the_range(size: int, taken: int) -> None:
    found = sorted(low for low, _ in parts_of(0, size - 1)[:taken])
    gaps = [other - one for one, other in zip(found, [*found[1:], found[0] + size], strict=True)]
    assert max(gaps) <= 4.5 * size / taken


@pytest.mark.parametrize("share", [0.05, 0.13, 0.5])
def test_rows_that_lie_together_are_estimated_well(share: float) -> None:
    size, taken = 10_000_000, 200
    parts = parts_of(0, size - 1)[:taken]
    low, high = size * 0.3, size * (0.3 + share)
    rows = sum(max(0.0, min(end, high) - max(begin, low)) for begin, end in parts)
    estimate = rows / sum(end - begin for begin, end in parts)
    assert estimate == pytest.approx(share, abs=0.02)


def test_two_estimates_do_not_take_the_same_parts() -> None:
    assert len({parts_of(0, 9_999_999)[0] for _ in range(20)}) > 1
