"""Downsampling: what came in since the last run, carried up through all levels.

A run touches the documents that are marked as changed and the buckets above them, nothing else.
Everything it writes is computed anew from the datapoints, so a run that was cut off is simply
done again; a mark goes only when its buckets are right, and only if nothing came meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from threading import Event
from time import monotonic
from typing import TypeVar

import numpy as np

from hub.series import climb, parts, points
from hub.series.climb import Span
from hub.series.grid import AFTER_ALL
from hub.series.levels import ROLLUPS, SECONDS, Level, level_of
from hub.series.parts import IntArray, Parts
from hub.series.points import Points, as_parts
from hub.series.widths import ENOUGH, adapted
from hub.store.points import Mark, PointStore
from hub.store.rollups import Made, Rollups
from hub.store.streams import Streams
from hub.values import Stream

log = logging.getLogger(__name__)

BATCH = 256
"""Changed documents taken together: a few hundred thousand datapoints at most, as a rule."""
RUN_S = 10.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""

T = TypeVar("T")
Changed = tuple[Stream, Sequence[Span]]
Follow = Callable[[Sequence[Changed]], bool]
"""Does what depends on streams' changed spans; whether that changed other streams."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: documents whose marks it saw, and the buckets of 10 seconds computed."""

    documents: int = 0
    buckets: int = 0


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


class Downsampling:
    def __init__(self, streams: Streams, points: PointStore, rollups: Rollups) -> None:
        self._streams = streams
        self._points = points
        self._rollups = rollups

    def run(self, fence: int, stopping: Event, follow: Follow | None = None) -> Done:
        """Bring every level up to what is stored now.

        Args:
            fence: the token of the lease under which this runs.
            stopping: looked at between batches.
            follow: called with streams and their changed spans when their rollups are right
                and before their marks go. Streams that this changes are brought up to date in
                the same run.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: the database went away; nothing is lost, the next run does it.
        """
        ends, done, more = monotonic() + RUN_S, Done(), True
        while more:
            more = False
            marks = self._points.marks()
            while batch := list(islice(marks, BATCH)):
                if stopping.is_set() or monotonic() > ends:
                    return done
                buckets, others = self._carry(batch, fence, follow)
                done = Done(done.documents + len(batch), done.buckets + buckets)
                more |= others
        return done

    def purge(self, stream: Stream) -> Iterator[int]:
        """Remove a deleted stream's datapoints in bounded steps, then the stream itself.

        Yields after each step how many documents went.
        """
        while count := self._points.remove_some(stream.id) + self._rollups.remove_some(stream.id):
            yield count
        self._streams.remove(stream.id)

    def _carry(self, marks: Sequence[Mark], fence: int, follow: Follow | None) -> tuple[int, bool]:
        changed = self._changed(marks)
        buckets = 0
        for carried in self.levels(changed):
            self._rollups.write(carried.level, carried.made(), fence)
            if carried.level is ROLLUPS[0]:
                buckets = len(carried.parts)
                self._fit_widths(carried)
        others = follow(changed) if follow else False
        self._points.seen(marks)
        return buckets, others

    def _fit_widths(self, carried: Carried) -> None:
        """From the newest datapoint on, let raw documents be as wide as the rate asks for."""
        for index, stream in enumerate(carried.streams):
            found = carried.of(index).between(carried.spans[index][-1].lo, AFTER_ALL)
            if int(found.points.sum()) < ENOUGH:
                continue
            first, last = int(found.first[0]), int(found.last[-1])
            count = int(found.points.sum())
            widths = adapted(stream.widths, count, first, last, last + 1)
            if widths and self._points.ends(stream)[1] == last:
                self._streams.set_widths(stream.id, widths, stream.widths)

    def _changed(self, marks: Iterable[Mark]) -> list[Changed]:
        """The changed spans by stream; marks of streams that are gone are left to the purge."""
        touched = {
            number: [(mark.lo, mark.hi, mark.removed) for mark in own]
            for number, own in groupby(marks, key=lambda mark: mark.bucket.stream)
        }
        known = {stream.id: stream for stream in self._streams.by_ids(list(touched))}
        return [
            (known[number], climb.spans(own, ROLLUPS[0]))
            for number, own in touched.items()
            if number in known
        ]

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


def highest_of(stream: Stream) -> Level:
    """The level that holds a stream's raw datapoints."""
    level = level_of(stream.highest)
    assert level is not None
    return level
