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

from hub.series import climb
from hub.series.climb import Run, Stretch
from hub.series.levels import ROLLUPS, SECONDS, Level, level_of
from hub.series.points import as_parts
from hub.series.widths import adapted
from hub.store.points import Mark, PointStore
from hub.store.rollups import Rollups
from hub.store.streams import Streams
from hub.values import Stream

log = logging.getLogger(__name__)

BATCH = 256
"""Changed documents taken together: a few hundred thousand datapoints at most, as a rule."""
RUN_S = 10.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""

Runs = list[tuple[Stream, list[Run]]]
Follow = Callable[[Stream, Sequence[tuple[int, int, bool]]], bool]
"""Does what depends on a stream's changed spans; whether that changed other streams."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: documents whose marks it saw, and the buckets of 10 seconds computed."""

    documents: int = 0
    buckets: int = 0


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
            follow: called with a stream and its changed spans (ms, ``[lo, hi)``, whether
                datapoints went) when its rollups are right and before its marks go. Streams
                that this changes are brought up to date in the same run.

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
        buckets, others = 0, False
        for level, runs in self.levels(changed):
            made = [((s.id, run.lo, run.hi), run.parts, run.pruned) for s, of in runs for run in of]
            self._rollups.write(level, made, fence)
            if level is ROLLUPS[0]:
                buckets = sum(len(parts) for _, parts, _ in made)
                self._fit_widths(runs)
        for stream, spans in changed:
            if follow:
                others |= follow(stream, spans)
        self._points.seen(marks)
        return buckets, others

    def _fit_widths(self, runs: Runs) -> None:
        """From the newest datapoint on, let raw documents be as wide as the rate asks for."""
        for stream, own in runs:
            found = own[-1].parts
            if len(found):
                first, last = int(found.first[0]), int(found.last[-1])
                count = int(found.points.sum())
                widths = adapted(stream.widths, count, first, last, last + 1)
                if widths and self._points.ends(stream)[1] == last:
                    self._streams.set_widths(stream.id, widths)

    def _changed(self, marks: Iterable[Mark]) -> list[tuple[Stream, list[tuple[int, int, bool]]]]:
        """The changed spans by stream; marks of streams that are gone are left to the purge."""
        grouped = {
            number: [(mark.lo, mark.hi, mark.removed) for mark in own]
            for number, own in groupby(marks, key=lambda mark: mark.bucket.stream)
        }
        known = {stream.id: stream for stream in self._streams.by_ids(list(grouped))}
        return [
            (known[number], climb.spans(touched, ROLLUPS[0]))
            for number, touched in grouped.items()
            if number in known
        ]

    def levels(
        self,
        changed: Sequence[tuple[Stream, Sequence[tuple[int, int, bool]]]],
        top: Level = ROLLUPS[-1],
    ) -> Iterator[tuple[Level, Runs]]:
        """Compute the changed buckets of each level in turn, up to ``top``, from raw values.

        What did not change is taken from the stored level below.
        """
        runs = self._raw(changed)
        below = SECONDS
        for level in ROLLUPS[: top.rank]:
            runs = self._raised(runs, level, below)
            yield level, runs
            below = level

    def _raw(self, changed: Sequence[tuple[Stream, Sequence[tuple[int, int, bool]]]]) -> Runs:
        wanted = [(stream, lo, hi) for stream, spans in changed for lo, hi, _ in spans]
        read = iter(self._points.many(wanted))
        return [
            (
                stream,
                [
                    Run(lo, hi, as_parts(next(read), numeric=stream.value_type == "numeric"), gone)
                    for lo, hi, gone in spans
                ],
            )
            for stream, spans in changed
        ]

    def _raised(self, runs: Runs, level: Level, below: Level) -> Runs:
        stretches = [(stream, climb.stretches(own, level)) for stream, own in runs]
        gaps = [(s.id, lo, hi) for s, of in stretches for one in of for lo, hi in one.gaps]
        found = iter(self._rollups.many(below, gaps) if below is not SECONDS else ())

        def filled(stream: Stream, stretch: Stretch) -> Run:
            pieces = [next(found) for _ in stretch.gaps]
            cut = climb.cuts(below, highest_of(stream))
            return stretch.filled(pieces, level, cut=cut)

        return [(stream, [filled(stream, one) for one in of]) for stream, of in stretches]


def highest_of(stream: Stream) -> Level:
    """The level that holds a stream's raw datapoints."""
    level = level_of(stream.highest)
    assert level is not None
    return level
