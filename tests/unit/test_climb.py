"""Which stretches a change touches, level by level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series import climb
from hub.series.climb import Span
from hub.series.levels import ROLLUPS, Level

TENS, MINUTES = ROLLUPS[0], ROLLUPS[1]
changes = st.lists(
    st.tuples(st.integers(0, 400_000), st.integers(0, 90_000), st.booleans()), max_size=8
)


def touched(drawn: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    return [(first, first + length, gone) for first, length, gone in drawn]


def buckets(spans: list[Span], level: Level) -> set[int]:
    return {at for lo, hi, _ in spans for at in range(lo, hi, level.width_ms)}


@given(drawn=changes)
def test_spans_are_the_buckets_of_the_changes(drawn: list[tuple[int, int, bool]]) -> None:
    found = climb.spans(touched(drawn), TENS)
    wanted = {
        at
        for first, last, _ in touched(drawn)
        for at in range(TENS.floor(first), last + 1, TENS.width_ms)
    }
    assert buckets(found, TENS) == wanted


@given(drawn=changes)
def test_spans_ascend_apart_and_are_whole_buckets(drawn: list[tuple[int, int, bool]]) -> None:
    for level in (TENS, MINUTES):
        found = climb.widened(climb.spans(touched(drawn), TENS), level)
        edges = [edge for span in found for edge in (span.lo, span.hi)]
        assert edges == sorted(set(edges))
        assert all(edge % level.width_ms == 0 for edge in edges)


@given(drawn=changes)
def test_what_went_is_kept_with_every_span_that_holds_it(
    drawn: list[tuple[int, int, bool]],
) -> None:
    for span in climb.widened(climb.spans(touched(drawn), TENS), MINUTES):
        own = [gone for first, last, gone in touched(drawn) if span.lo <= first < span.hi]
        assert span.gone == any(own)


@given(drawn=changes)
def test_gaps_are_what_the_wider_spans_have_more(drawn: list[tuple[int, int, bool]]) -> None:
    narrow = climb.spans(touched(drawn), TENS)
    wide = climb.widened(narrow, MINUTES)
    gaps = climb.gaps(narrow, wide)
    found = [at for lo, hi in gaps for at in range(lo, hi, TENS.width_ms)]
    assert len(found) == len(set(found))
    assert set(found) == buckets(wide, TENS) - buckets(narrow, TENS)
    assert gaps == sorted(gaps)
    assert all(lo < hi for lo, hi in gaps)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ([(5, 5, False)], [Span(0, 10_000)]),
        ([(9_999, 10_000, False)], [Span(0, 20_000)]),
        ([(0, 5, False), (10_000, 10_001, True)], [Span(0, 20_000, gone=True)]),
        ([(20_000, 20_000, True), (0, 0, False)], [Span(0, 10_000), Span(20_000, 30_000, True)]),
        ([], []),
    ],
)
def test_neighbours_are_joined(changed: list[tuple[int, int, bool]], wanted: list[Span]) -> None:
    assert climb.spans(changed, TENS) == wanted
