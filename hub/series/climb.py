"""Which stretches of time a change touches, level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hub.series.levels import Level


class Span(NamedTuple):
    """``lo <= at < hi``, in whole buckets. ``gone``: something there may have been taken away."""

    lo: int
    hi: int
    gone: bool = False


def spans(touched: Iterable[tuple[int, int, bool]], level: Level) -> list[Span]:
    """Stretches of changed times (both ends inclusive, ms), as whole buckets of a level, joined
    where they meet, ascending; the flag (something went) is kept."""
    return _joined(
        Span(level.floor(first), level.floor(last) + level.width_ms, gone)
        for first, last, gone in sorted(touched)
    )


def widened(narrow: Sequence[Span], level: Level) -> list[Span]:
    """Ascending spans as whole buckets of a coarser level, joined where they meet."""
    return _joined(Span(level.floor(lo), level.ceil(hi), gone) for lo, hi, gone in narrow)


def gaps(narrow: Sequence[Span], wide: Sequence[Span]) -> list[tuple[int, int]]:
    """What ``wide`` covers and ``narrow`` does not; both ascending, one within the other."""
    found: list[tuple[int, int]] = []
    inside = iter([*narrow, Span(wide[-1].hi, wide[-1].hi)] if wide else ())
    span = next(inside, None)
    for lo, hi, _ in wide:
        at = lo
        while span is not None and span.lo < hi:
            if at < span.lo:
                found.append((at, span.lo))
            at = span.hi
            span = next(inside, None)
        if at < hi:
            found.append((at, hi))
    return found


def _joined(ascending: Iterable[Span]) -> list[Span]:
    made: list[Span] = []
    for span in ascending:
        if made and span.lo <= made[-1].hi:
            last = made.pop()
            span = Span(last.lo, max(span.hi, last.hi), span.gone or last.gone)
        made.append(span)
    return made
