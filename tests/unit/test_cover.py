"""A range made up of whole buckets; ranges with holes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.series.cover import Piece, cover, without
from hub.series.levels import LEVELS, SECONDS, Level

DAY_MS = 86_400_000
moments = st.integers(-3 * DAY_MS, 40 * DAY_MS)


@given(lo=moments, hi=moments, top=st.sampled_from(LEVELS))
def test_the_pieces_follow_one_another_from_end_to_end(lo: int, hi: int, top: Level) -> None:
    pieces = cover(lo, hi, top)
    if hi <= lo:
        assert pieces == []
        return
    edges = [edge for piece in pieces for edge in (piece.lo, piece.hi)]
    assert edges[0] == lo
    assert edges[-1] == hi
    assert edges[1:-1:2] == edges[2::2]
    assert all(piece.lo < piece.hi for piece in pieces)


@given(lo=moments, hi=moments, top=st.sampled_from(LEVELS))
def test_a_piece_is_whole_buckets_and_no_coarser_than_allowed(lo: int, hi: int, top: Level) -> None:
    for piece in cover(lo, hi, top):
        assert piece.level.rank <= top.rank
        if piece.level is not SECONDS:
            assert piece.lo % piece.level.width_ms == piece.hi % piece.level.width_ms == 0


@given(lo=moments, hi=moments)
def test_few_buckets_are_read_however_long_the_range(lo: int, hi: int) -> None:
    """At each end fewer of a level than make up one of the next."""
    for piece in cover(lo, hi):
        if piece.level is SECONDS:
            assert piece.hi - piece.lo < 2 * LEVELS[1].width_ms
        elif piece.level is not LEVELS[-1]:
            assert piece.hi - piece.lo < 2 * LEVELS[piece.level.rank + 1].width_ms


def test_a_range_of_a_day_and_a_bit() -> None:
    found = [
        (piece.level.letter, piece.lo, piece.hi)
        for piece in cover(DAY_MS - 70_001, 2 * DAY_MS + 11_000)
    ]
    assert found == [
        ("s", DAY_MS - 70_001, DAY_MS - 70_000),
        ("S", DAY_MS - 70_000, DAY_MS - 60_000),
        ("m", DAY_MS - 60_000, DAY_MS),
        ("d", DAY_MS, 2 * DAY_MS),
        ("S", 2 * DAY_MS, 2 * DAY_MS + 10_000),
        ("s", 2 * DAY_MS + 10_000, 2 * DAY_MS + 11_000),
    ]


def test_with_seconds_on_top_a_range_is_one_piece() -> None:
    assert cover(5, 10**9, SECONDS) == [Piece(SECONDS, 5, 10**9)]


spans = st.lists(st.tuples(st.integers(-5, 35), st.integers(-5, 35)), max_size=6)


@given(lo=st.integers(0, 30), hi=st.integers(0, 30), holes=spans)
def test_holes_are_cut_out_whatever_their_order(
    lo: int, hi: int, holes: list[tuple[int, int]]
) -> None:
    found = without(lo, hi, holes)
    told = {at: hole for hole, first, last in found for at in range(first, last)}
    inside = {at for first, last in holes for at in range(first, last)}
    assert told == {at: at in inside for at in range(lo, hi)}
    assert sum(last - first for _, first, last in found) == max(0, hi - lo)


@pytest.mark.parametrize("holes", [[], [(50, 60)], [(5, 5)]])
def test_without_a_hole_inside_a_range_is_whole(holes: list[tuple[int, int]]) -> None:
    assert without(10, 20, holes) == [(False, 10, 20)]
