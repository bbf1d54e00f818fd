"""How wide a new stream's raw documents are."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hub.series.levels import LEVELS
from hub.series.widths import WIDTHS_MS, first_width, narrower

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("interval_s", "highest", "width_ms"),
    [
        (None, "seconds", HOUR),
        (None, "10seconds", HOUR),
        (None, "minutes", 6 * HOUR),
        (None, "10minutes", 10 * DAY),
        (None, "hours", 10 * DAY),
        (None, "6hours", 100 * DAY),
        (None, "days", 1000 * DAY),
        (0.001, "seconds", SECOND),
        (0.005, "seconds", SECOND),
        (0.0051, "seconds", 10 * SECOND),
        (1, "seconds", 10 * MINUTE),
        (3, "seconds", 10 * MINUTE),
        (3.1, "seconds", HOUR),
        (60, "seconds", 6 * HOUR),
        (60, "days", 6 * HOUR),
        (1e9, "seconds", 1000 * DAY),
    ],
)
def test_the_smallest_width_that_holds_enough_is_taken(
    interval_s: float | None, highest: str, width_ms: int
) -> None:
    assert first_width(interval_s, highest) == width_ms


def test_each_width_divides_the_next() -> None:
    pairs = pairwise(WIDTHS_MS)
    assert [(small, large) for small, large in pairs if large % small] == []


def test_every_granularity_has_a_width() -> None:
    assert all(first_width(None, level.name) in WIDTHS_MS for level in LEVELS)


def test_an_unknown_granularity_is_refused() -> None:
    with pytest.raises(ValueError, match="weeks"):
        first_width(None, "weeks")


@pytest.mark.parametrize(
    ("widths", "full", "made"),
    [
        (((0, 3_600_000),), 3_600_000, ((0, 3_600_000), (50, 600_000))),
        (
            ((0, 10_000), (90, 60_000)),
            10_000,
            ((0, 10_000), (50, 60_000), (50, 1_000), (90, 1_000)),
        ),
        (((0, 1_000),), 1_000, None),
    ],
)
def test_full_documents_are_followed_by_narrower_ones(
    widths: tuple[tuple[int, int], ...], full: int, made: tuple[tuple[int, int], ...] | None
) -> None:
    assert narrower(widths, full, 50) == made
