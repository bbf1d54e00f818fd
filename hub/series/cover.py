"""A range of time as whole buckets: coarse ones within, finer ones towards its ends."""

from __future__ import annotations

from dataclasses import dataclass

from hub.series.levels import LEVELS, SECONDS, Level


@dataclass(frozen=True, slots=True)
class Piece:
    """Buckets of one level with ``lo <= start < hi``; for ``SECONDS`` the raw datapoints there."""

    level: Level
    lo: int
    hi: int


def cover(lo: int, hi: int, top: Level = LEVELS[-1]) -> list[Piece]:
    """The fewest buckets, none coarser than ``top``, that make up ``[lo, hi)``; in order.

    What is left at the ends, less than a bucket of the finest rollup, is raw.
    """
    if hi <= lo:
        return []
    if top is SECONDS:
        return [Piece(SECONDS, lo, hi)]
    finer = LEVELS[top.rank - 1]
    inner_lo, inner_hi = top.ceil(lo), top.floor(hi)
    if inner_lo >= inner_hi:
        return cover(lo, hi, finer)
    inner = Piece(top, inner_lo, inner_hi)
    return [*cover(lo, inner_lo, finer), inner, *cover(inner_hi, hi, finer)]


def without(lo: int, hi: int, holes: list[tuple[int, int]]) -> list[tuple[bool, int, int]]:
    """``[lo, hi)`` cut at holes (``[a, b)``, in any order); True for what is a hole."""
    made: list[tuple[bool, int, int]] = []
    at = lo
    for first, last in sorted(holes):
        first, last = max(first, at), min(last, hi)
        if first >= last:
            continue
        if at < first:
            made.append((False, at, first))
        made.append((True, first, last))
        at = last
    if at < hi:
        made.append((False, at, hi))
    return made
