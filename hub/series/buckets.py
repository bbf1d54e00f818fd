"""Where a raw datapoint is kept: which document of a stream, under which name in its map.

A document covers ``[start, start + width)``. How wide depends on the stream's rate and may
change from a moment on (``Stream.widths``); a datapoint's time alone decides. The name is the
offset in milliseconds, followed by ``-n`` for the later values of one instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from hub.series.parts import IntArray
from hub.series.points import Points

Widths = Sequence[tuple[int, int]]


class Bucket(NamedTuple):
    """One document of raw datapoints."""

    stream: int
    width: int
    start: int

    @property
    def end(self) -> int:
        return self.start + self.width


def width_at(widths: Widths, at_ms: int) -> int:
    """The width in force at a moment; before the first it is the first one's."""
    index = bisect_right(widths, at_ms, key=lambda pair: pair[0]) - 1
    return widths[max(index, 0)][1]


def sizes(widths: Widths) -> list[int]:
    """The widths that are or were in force, ascending, each once."""
    return sorted({width for _, width in widths})


def split(stream: int, widths: Widths, at: IntArray) -> Iterator[tuple[Bucket, slice]]:
    """The buckets that ascending times fall into, and which of the times each one takes."""
    if not len(at):
        return
    since = np.array([pair[0] for pair in widths[1:]], np.int64)
    each = np.array([pair[1] for pair in widths], np.int64)
    width = each[np.searchsorted(since, at, side="right")]
    start = at - at % width
    change = (start[1:] != start[:-1]) | (width[1:] != width[:-1])
    edges = [0, *(np.flatnonzero(change) + 1).tolist(), len(at)]
    for lo, hi in pairwise(edges):
        yield Bucket(stream, int(width[lo]), int(start[lo])), slice(lo, hi)


def name(offset_ms: int, sequence: int) -> str:
    return f"{offset_ms}-{sequence}" if sequence else str(offset_ms)


def names(offsets: list[int]) -> list[str]:
    """Names for ascending offsets, counted where one comes several times."""
    if len(set(offsets)) == len(offsets):
        return list(map(str, offsets))
    made, before, count = [], -1, 0
    for offset in offsets:
        count = count + 1 if offset == before else 0
        before = offset
        made.append(name(offset, count))
    return made


def parsed(text: str) -> tuple[int, int]:
    """The offset and the sequence of a name."""
    offset, _, sequence = text.partition("-")
    return int(offset), int(sequence or 0)


def points_of(
    bucket: Bucket, held: Mapping[str, Any], doubted: Mapping[str, Any] | None = None
) -> Points:
    """The datapoints of a document's map, in order.

    Args:
        doubted: those that were uncertain, by name, as they were then.
    """
    doubts = frozenset[int]()
    if doubted:
        doubts = frozenset(
            bucket.start + parsed(text)[0]
            for text, value in doubted.items()
            if text in held and held[text] == value
        )
    try:
        offsets = np.fromiter(map(int, held), np.int64, len(held))
        order = _order(offsets)
    except ValueError:
        pairs = [parsed(text) for text in held]
        offsets = np.fromiter((pair[0] for pair in pairs), np.int64, len(pairs))
        order = np.array(sorted(range(len(pairs)), key=pairs.__getitem__), np.int64)
    values = list(held.values())
    if order is not None:
        offsets = offsets[order]
        values = [values[index] for index in order.tolist()]
    return Points(offsets + bucket.start, values, doubts)


def in_order(points: Points) -> Points:
    """The same datapoints, ascending; those of one instant keep their order."""
    order = np.argsort(points.at, kind="stable")
    values = [points.values[index] for index in order.tolist()]
    return Points(points.at[order], values, points.doubts)


def _order(offsets: IntArray) -> IntArray | None:
    if (offsets[1:] >= offsets[:-1]).all():
        return None
    order: IntArray = np.argsort(offsets)
    return order
