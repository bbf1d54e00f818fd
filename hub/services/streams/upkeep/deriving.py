"""Derived streams, kept by the worker: what changes in a source is computed anew in them.

Everything is computed from the sources, so doing it twice is harmless, and a derived stream is
right whatever order datapoints came in. Source: reference of the Datastream API, section 3.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from time import monotonic

import numpy as np

from hub.errors import Unavailable
from hub.series import buckets
from hub.series.buckets import Bucket
from hub.series.climb import Span
from hub.series.derive import NEEDS, Derived, Window, affected, derived
from hub.series.levels import Level, highest_of
from hub.services.streams.upkeep.inputs import Input, input_of
from hub.store.streams.point_documents import Change
from hub.store.streams.points import PointStore
from hub.store.streams.progress import Progress
from hub.store.streams.rollups import Rollups
from hub.store.streams.streams import Streams
from hub.values import Derivation, Stream

STEP_DOCUMENTS = 100
"""Raw documents of a source that one step of a backfill covers."""
ATTEMPTS = 8


class Deriving:
    def __init__(
        self, streams: Streams, points: PointStore, rollups: Rollups, progress: Progress
    ) -> None:
        self._streams = streams
        self._points = points
        self._rollups = rollups
        self._progress = progress

    def follow(self, changed: Sequence[tuple[Stream, Sequence[Span]]]) -> bool:
        """Bring the streams that are derived from others up to the changes of those.

        Args:
            changed: where raw datapoints of which streams changed.

        Returns:
            Whether any of them changed.
        """
        wrote = False
        spans = {stream.id: own for stream, own in changed}
        for target in self._streams.derived_from(*spans):
            work = self._work(target)
            for source in work.sources & spans.keys():
                for lo, hi, _ in spans[source]:
                    for window in work.stale(source, lo, hi):
                        wrote |= self._splice(target, window, work.made(window))
        return wrote

    def backfill(self, seconds: float, stopping: Event) -> Iterator[Stream]:
        """Derive from what sources held before; yields each stream that is through.

        Breaks off after so many seconds or when it is to stop, to be gone on with at the next
        call.
        """
        ends = monotonic() + seconds
        for target in self._streams.pending():
            work = self._work(target)
            noted = self._progress.of(target.id)
            if not noted:
                noted = work.extent()
                self._progress.note(target.id, **noted)
            at, until = noted["next"], noted["until"]
            while at is not None and at <= until and not _over(ends, stopping):
                window = work.step(at)
                self._splice(target, window, work.made(window))
                at = work.onward(window[1])
                self._progress.note(target.id, next=until + 1 if at is None else at)
            if at is None or at > until:
                self._streams.settle(target.id)
                yield target

    def _work(self, target: Stream) -> _Work:
        derivation = target.derivation
        assert derivation is not None
        known = {s.id: s for s in self._streams.by_ids([s.stream for s in derivation.sources])}
        inputs = [
            input_of(self._points, self._rollups, known[s.stream], s, derivation.after_ms)
            for s in derivation.sources
        ]
        widest = max(width for s in known.values() for _, width in s.widths)
        return _Work(derivation, inputs, highest_of(target), STEP_DOCUMENTS * widest)

    def _splice(self, target: Stream, window: Window, made: Derived) -> bool:
        """Put derived datapoints in the place of those of a window; whether any is different."""
        first, last = window
        wanted: dict[Bucket, dict[str, object]] = {}
        at = np.array(made.at, np.int64)
        for bucket, chosen in buckets.split(target.id, target.widths, at):
            offsets = (at[chosen] - bucket.start).tolist()
            wanted[bucket] = dict(zip(buckets.names(offsets), made.values[chosen], strict=True))
        changed = False
        for _ in range(ATTEMPTS):
            held = {b: (v, r) for b, v, r in self._points.held(target, first, last + 1)}
            left = {b: wanted.get(b, {}) for b in held.keys() | wanted.keys()}
            done = [
                self._exchange(b, values, held.get(b, ({}, 0)), window)
                for b, values in left.items()
            ]
            changed |= "changed" in done
            if "raced" not in done:
                return changed
        raise Unavailable("a derived stream could not be written; another worker is at it")

    def _exchange(
        self,
        bucket: Bucket,
        values: dict[str, object],
        before: tuple[dict[str, object], int],
        window: Window,
    ) -> str:
        held, revision = before
        inside = {
            name: value
            for name, value in held.items()
            if window[0] <= bucket.start + buckets.parsed(name)[0] <= window[1]
        }
        new = {name: v for name, v in values.items() if name not in inside or inside[name] != v}
        gone = [name for name in inside if name not in values]
        if not new and not gone:
            return "same"
        offsets = [buckets.parsed(name)[0] for name in (*new, *gone)]
        lo, hi = bucket.start + min(offsets), bucket.start + max(offsets)
        change = Change(bucket, new, lo, hi)
        return "changed" if self._points.exchange(change, held, gone, revision) else "raced"


def _over(ends: float, stopping: Event) -> bool:
    return stopping.is_set() or monotonic() > ends


class _Work:
    """One derived stream: what its operator reads and makes."""

    def __init__(
        self, derivation: Derivation, inputs: list[Input], level: Level, step_ms: int
    ) -> None:
        self._derivation = derivation
        self._inputs = inputs
        self._level = level
        self._needs = NEEDS[derivation.op]
        self._step_ms = level.ceil(step_ms)

    @property
    def sources(self) -> frozenset[int]:
        """The ids of the streams that it is made from."""
        return frozenset(source.stream for source in self._derivation.sources)

    def stale(self, stream: int, lo: int, hi: int) -> Iterator[Window]:
        """The windows of derived datapoints that a change of a source makes stale."""
        width = self._level.width_ms
        for source, found in zip(self._derivation.sources, self._inputs, strict=True):
            if source.stream == stream:
                changed = found.changed(lo, hi)
                following = self._neighbour(changed[1], 1)
                yield affected(self._derivation.op, changed, following, width)

    def made(self, window: Window) -> Derived:
        """The derived datapoints of a window."""
        first, last = window
        context = self._neighbour(first, -1)
        start = first if context is None else context
        tracks = [found.read(start, last) for found in self._inputs]
        op, args = self._derivation.op, self._derivation.args
        return derived(op, tracks, args, window, self._level.width_ms)

    def extent(self) -> dict[str, int]:
        """From where to where there is something to derive from."""
        firsts = [found.nearest(-1, 1, "point") for found in self._inputs]
        lasts = [found.nearest(2**53, -1, "point") for found in self._inputs]
        known = [time for time in (*firsts, *lasts) if time is not None]
        return {"next": min(known, default=1), "until": max(known, default=0)}

    def step(self, at: int) -> Window:
        """The window with which a backfill goes on from a moment."""
        first = self._level.floor(at) if self._needs.whole_buckets else at
        return first, self._level.floor(first + self._step_ms) - 1

    def onward(self, last: int) -> int | None:
        """The next datapoint of any source after a window; None when there is none."""
        after = [found.nearest(last, 1, "point") for found in self._inputs]
        return min((time for time in after if time is not None), default=None)

    def _neighbour(self, at: int, direction: int) -> int | None:
        kind = self._needs.after if direction > 0 else self._needs.before
        if kind == "nothing":
            return None
        return self._inputs[self._needs.source].nearest(at, direction, kind)
