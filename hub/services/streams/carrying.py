"""Changed raw datapoints, carried up through the levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hub.series import climb, parts, points
from hub.series.climb import Span
from hub.series.levels import ROLLUPS, SECONDS, Level, highest_of
from hub.series.parts import IntArray, Parts
from hub.series.points import Points, as_parts
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Made, Rollups
from hub.values import Stream

T = TypeVar("T")
Changed = tuple[Stream, Sequence[Span]]
"""A stream and where its raw datapoints changed."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The changed buckets of one level. ``owner`` tells a row's stream by its place."""

    level: Level
    streams: Sequence[Stream]
    spans: Sequence[Sequence[Span]]
    owner: IntArray
    parts: Parts

    def of(self, index: int) -> Parts:
        """The parts of one stream."""
        lo, hi = np.searchsorted(self.owner, [index, index + 1]).tolist()
        return self.parts.rows(slice(lo, hi))

    def made(self) -> Made:
        """What is to be stored."""
        ids = np.array([stream.id for stream in self.streams], np.int64)
        stale = [
            (stream.id, span.lo, span.hi)
            for stream, own in zip(self.streams, self.spans, strict=True)
            for span in own
            if span.gone
        ]
        return Made(ids[self.owner], self.parts, stale)


class Carrying:
    def __init__(self, points: PointStore, rollups: Rollups) -> None:
        self._points = points
        self._rollups = rollups

    def levels(self, changed: Sequence[Changed], top: Level = ROLLUPS[-1]) -> Iterator[Carried]:
        """Compute the changed buckets of each level in turn, up to ``top``, from raw values.

        What did not change is taken from the stored level below.
        """
        streams = [stream for stream, _ in changed]
        spans: Sequence[Sequence[Span]] = [own for _, own in changed]
        highest = np.array([highest_of(stream).rank for stream in streams], np.int64)
        owner, found = self._raw(changed)
        below = SECONDS
        for level in ROLLUPS[: top.rank]:
            wider = [climb.widened(own, level) for own in spans]
            if below is not SECONDS:
                owner, found = self._filled(below, streams, (owner, found), (spans, wider))
            cut = below.rank > highest[owner]
            start = found.at - found.at % level.width_ms
            found, rows = parts.grouped(found, start, cut=cut, owner=owner)
            owner, spans, below = owner[rows], wider, level
            yield Carried(level, streams, spans, owner, found)

    def _raw(self, changed: Sequence[Changed]) -> tuple[IntArray, Parts]:
        """A part for each raw datapoint of the spans, and which stream's it is."""
        wanted = [(stream, span.lo, span.hi) for stream, spans in changed for span in spans]
        read = self._points.many(wanted)
        numeric = [stream.value_type == "numeric" for stream, *_ in wanted]
        owners = [index for index, (_, spans) in enumerate(changed) for _ in spans]
        made = [
            (
                np.repeat(np.array(_picked(owners, numeric, kind), np.int64), _sizes(chosen)),
                as_parts(points.joined(chosen), numeric=kind),
            )
            for kind in (True, False)
            if (chosen := _picked(read, numeric, kind))
        ]
        return _in_order(made)

    def _filled(
        self,
        below: Level,
        streams: Sequence[Stream],
        held: tuple[IntArray, Parts],
        spans: tuple[Sequence[Sequence[Span]], Sequence[Sequence[Span]]],
    ) -> tuple[IntArray, Parts]:
        """The parts of the finer level, with those of the store in the gaps up to whole buckets."""
        gaps = [
            (index, lo, hi)
            for index, (narrow, wide) in enumerate(zip(*spans, strict=True))
            for lo, hi in climb.gaps(narrow, wide)
        ]
        stored = self._rollups.gathered(below, [(streams[i].id, lo, hi) for i, lo, hi in gaps])
        owners = np.array([index for index, *_ in gaps], np.int64)
        return _in_order([held, (owners[stored[0]], stored[1])])


def _picked(items: Sequence[T], flags: Sequence[bool], wanted: bool) -> list[T]:
    return [item for item, flag in zip(items, flags, strict=True) if flag is wanted]


def _sizes(chosen: Sequence[Points]) -> list[int]:
    return [len(one) for one in chosen]


def _in_order(pieces: Sequence[tuple[IntArray, Parts]]) -> tuple[IntArray, Parts]:
    """Parts of several streams by stream, then by time."""
    if not pieces:
        return np.empty(0, np.int64), parts.empty()
    if len(pieces) == 1:
        return pieces[0]
    owner = np.concatenate([owners for owners, _ in pieces])
    found = parts.joined([piece for _, piece in pieces])
    order = np.lexsort((found.at, owner))
    return owner[order], found.rows(order)
