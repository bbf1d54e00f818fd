"""Downsampling: what came in since the last run, carried up through all levels.

A run touches the documents that are marked as changed and the buckets above them, nothing else.
Everything it writes is computed anew from the datapoints, so a run that was cut off is simply
done again; a mark goes only when its buckets are right, and only if nothing came meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from threading import Event
from time import monotonic

from hub.series import climb
from hub.series.grid import AFTER_ALL
from hub.series.levels import ROLLUPS
from hub.series.widths import ENOUGH, adapted
from hub.services.streams.carrying import Carried, Carrying, Changed
from hub.store.streams.point_documents import Mark
from hub.store.streams.points import PointStore
from hub.store.streams.rollups import Rollups
from hub.store.streams.streams import Streams

log = logging.getLogger(__name__)

BATCH = 256
"""Changed documents taken together: a few hundred thousand datapoints at most, as a rule."""
RUN_S = 10.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""

Follow = Callable[[Sequence[Changed]], bool]
"""Does what depends on streams' changed spans; whether that changed other streams."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: documents whose marks it saw, and the buckets of 10 seconds computed.

    ``whole`` says that it came to the end of all there were when it began, or the run did that
    broke off before it and where it went on.
    """

    documents: int = 0
    buckets: int = 0
    whole: bool = False


class Downsampling:
    def __init__(self, streams: Streams, points: PointStore, rollups: Rollups) -> None:
        self._streams = streams
        self._points = points
        self._rollups = rollups
        self._carrying = Carrying(points, rollups)
        self._reached = 0
        self._others = False

    def run(self, fence: int, stopping: Event, follow: Follow | None = None) -> Done:
        """Bring every level up to what is stored now.

        A run that breaks off is followed by one that goes on at the same stream, so that streams
        that always change keep none of the others waiting.

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
            marks = self._points.marks(since=self._reached)
            while batch := list(islice(marks, BATCH)):
                self._reached = batch[0].bucket.stream
                if stopping.is_set() or monotonic() > ends:
                    return done
                buckets, others = self._carry(batch, fence, follow)
                done = Done(done.documents + len(batch), done.buckets + buckets)
                self._others |= others
            more, self._others, self._reached = self._others, False, 0
        return replace(done, whole=True)

    def _carry(self, marks: Sequence[Mark], fence: int, follow: Follow | None) -> tuple[int, bool]:
        changed = self._changed(marks)
        buckets = 0
        for carried in self._carrying.levels(changed):
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
