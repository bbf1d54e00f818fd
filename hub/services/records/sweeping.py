"""The values of several data streams in order of time, slice by slice.

A slice is as long as a bounded number of values of all the streams together: so memory is flat
however long the answer is and however much the documents hold. Those that are longer than a slice
are read again for the next one, so a slice has room for some values of each stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.series.buckets import sizes
from hub.series.points import Points
from hub.series.widths import POINTS_WANTED
from hub.services.records.stretches import STRETCH, Stretch, cut, of_several
from hub.store.streams.sweep import Sweep
from hub.values import Stream

LEAST, EACH, LARGEST = 30_000, 100, 400_000
"""Values of a slice, as a rule: so many of each stream, within these bounds."""
MORE = 3
"""How many times as many values a slice may have in fact, if it is longer than a millisecond."""
FASTER = 8
"""How many times longer a slice may be than the one before it."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    ids: Sequence[int]
    widths: Sequence[int]
    enough: int


def swept(
    sweep: Sweep, streams: Sequence[Stream], lo: int, hi: int, limit: int | None
) -> Iterator[Stretch]:
    """The values with ``lo <= at < hi`` (ms); of one moment, those of the earlier stream first.

    Args:
        limit: how many will do; None for all.
    """
    enough = min(max(LEAST, EACH * len(streams)), LARGEST)
    wanted = _Wanted(
        sorted(stream.id for stream in streams),
        sorted({width for stream in streams for width in sizes(stream.widths)}),
        enough if limit is None else min(enough, max(STRETCH, 2 * limit)),
    )
    span = _first_span(streams, wanted.enough)
    at = _onward(sweep, wanted, lo)
    while at is not None and at < hi:
        until = min(_end(at, span, wanted.widths), hi)
        held = _slice(sweep, wanted, at, until)
        if held is None:
            span = max((until - at) // FASTER, 1)
            continue
        if held:
            found = of_several(held)
            yield from cut(found)
            span = _next_span(until - at, len(found), wanted.enough)
            at = until
        else:
            span *= FASTER
            at = _onward(sweep, wanted, until)


def _slice(sweep: Sweep, wanted: _Wanted, lo: int, hi: int) -> list[tuple[int, Points]] | None:
    """By stream, the values of a slice; None where they are too many."""
    held, size = list[tuple[int, Points]](), 0
    for width in wanted.widths:
        for bucket, points in sweep.documents(width, wanted.ids, lo, hi):
            within = points.between(lo, hi)
            if not len(within):
                continue
            held.append((bucket.stream, within))
            size += len(within)
            if size > MORE * wanted.enough and hi - lo > 1:
                return None
    return held


def _onward(sweep: Sweep, wanted: _Wanted, at: int) -> int | None:
    """The next moment at which there may be a value; None behind the last document."""
    start = sweep.next_start(wanted.widths, wanted.ids, at)
    return None if start is None else max(at, start)


def _first_span(streams: Sequence[Stream], enough: int) -> int:
    """How long a slice may be (ms) if documents hold what they shall."""
    rate = sum(POINTS_WANTED / stream.widths[-1][1] for stream in streams)
    return max(int(enough / rate), 1)


def _next_span(span: int, found: int, enough: int) -> int:
    return max(min(span * enough // found, span * FASTER), 1)


def _end(at: int, span: int, widths: Sequence[int]) -> int:
    """Where a slice ends: with documents, if it is as long as the shortest."""
    fitting = [width for width in widths if width <= span]
    if fitting:
        return at + span - (at + span) % fitting[-1]
    return min(at + span, at - at % widths[0] + widths[0])
