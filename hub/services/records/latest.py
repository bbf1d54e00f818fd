"""The newest values of many data streams, at a cost that follows how many are wanted and how many
streams are written to, rather than how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappush, heappushpop

from hub.series.buckets import sizes
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.series.points import Points
from hub.series.records import Record
from hub.services.streams.reading.records import records_of
from hub.store.streams.sweep import Latest, Sweep
from hub.values import Stream

TOGETHER = 16
"""Documents that are read at once."""
LOOKS, LOOKS_EACH = 1_000, 4
"""Documents that are looked at before it is given up: so many, and so many for each stream."""


def latest(sweep: Sweep, streams: Sequence[Stream], limit: int) -> list[Record] | None:
    """So many values, newest first; of one moment, those of the later stream first.

    None where too many documents of other streams are newer than those of these.
    """
    known = {stream.id: stream for stream in streams}
    found = _candidates(sweep, known, limit)
    if found is None:
        return None
    documents, bound = found
    values = _read(sweep, known, documents, limit)
    if bound is not None and (len(values) < limit or values[-1].at < bound):
        return None
    return values


def _candidates(
    sweep: Sweep, known: Mapping[int, Stream], limit: int
) -> tuple[list[Latest], int | None] | None:
    """Documents, and the moment (ms) at and after which no other holds anything; None where they
    are all there are. Documents that ended earlier than ``limit`` others do not matter."""
    widths = sorted({width for stream in known.values() for width in sizes(stream.widths)})
    found: list[Latest] = []
    ends: list[int] = []
    most = LOOKS + LOOKS_EACH * len(known)
    for number, one in enumerate(sweep.latest(widths)):
        if len(ends) == limit and one.bucket.end <= ends[0]:
            return found, one.bucket.end
        if number == most:
            return None
        if one.bucket.stream in known:
            found.append(one)
            if len(ends) < limit:
                heappush(ends, one.end)
            else:
                heappushpop(ends, one.end)
    return found, None


def _read(
    sweep: Sweep, known: Mapping[int, Stream], documents: Sequence[Latest], limit: int
) -> list[Record]:
    ordered = sorted(documents, key=lambda one: (one.end, one.bucket.stream), reverse=True)
    found: list[Record] = []
    for lo in range(0, len(ordered), TOGETHER):
        some = ordered[lo : lo + TOGETHER]
        if len(found) == limit and _age(found[-1]) > (some[0].end, some[0].bucket.stream, 0):
            break
        for bucket, points in sweep.read([one.bucket for one in some]):
            since = found[-1].at if len(found) == limit else BEFORE_ALL
            near = _last(points, since, limit)
            if len(near):
                more = records_of(known[bucket.stream], near)
                found = sorted([*found, *more], key=_age, reverse=True)[:limit]
    return found


def _last(points: Points, since: int, wanted: int) -> Points:
    """The latest values, so many at least, of a moment (ms) and after it; whole instants."""
    at = int(points.at[-wanted]) if len(points) > wanted else BEFORE_ALL
    return points.between(max(at, since), AFTER_ALL)


def _age(record: Record) -> tuple[int, int, int]:
    return record.at, record.stream, record.sequence
