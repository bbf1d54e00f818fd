"""Removal of what is older than the policies allow: in bounded steps, stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from threading import Event
from time import monotonic

from hub.series.buckets import sizes
from hub.series.levels import ROLLUPS, Level
from hub.services.retention.policies import effective, floors
from hub.store.points import PointStore
from hub.store.retention import EVERY_STREAM, STATISTICS, VALUES, Floors, Limits, Policies, Removal
from hub.store.statistics import StatisticStore
from hub.store.streams import Sight, Streams
from hub.values import EVERYTHING, Stream

STEP = 500
"""Documents that one step removes at most."""
STREAMS_TOGETHER = 200
BUDGET_MS = 5_000
"""The database server's time for one look into the registry."""
RUN_S = 10.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""
Stored = tuple[Removal, StatisticStore]


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a run did: streams that were looked at to the end, and documents removed or trimmed.

    ``whole`` says that it went through all streams, rather than breaking off.
    """

    streams: int = 0
    documents: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """A stream, and the floors that it shall have; whether it has ``raw`` datapoints and
    ``statistics`` below them."""

    stream: Stream
    floors: Limits
    raw: bool = False
    statistics: bool = False


class Enforcing:
    """Args: ``streams`` and ``points`` say what there is; ``stored`` is what may have to go."""

    def __init__(
        self, policies: Policies, kept: Floors, streams: Streams, points: PointStore, stored: Stored
    ) -> None:
        self._policies = policies
        self._floors = kept
        self._streams = streams
        self._points = points
        self._removal, self._statistics = stored
        self._next = 0
        self._through: dict[int, Limits] = {}

    def run(self, fence: int, stopping: Event, now_ms: int) -> Enforced:
        """Remove what is too old now. A run goes on where the one before broke off.

        Args:
            fence: the token of the lease under which this runs.
            stopping: looked at between steps.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: the database went away; the next run goes on.
        """
        ends, done = monotonic() + RUN_S, Enforced()
        if not self._policies.any_at_all():
            return replace(done, whole=True)
        begun = self._next
        for due in self._wanted(now_ms):
            for count in self._steps(due, fence):
                done = replace(done, documents=done.documents + count)
                if stopping.is_set() or monotonic() > ends:
                    self._next = due.stream.id
                    return done
            done = replace(done, streams=done.streams + 1)
        self._next = 0
        return replace(done, whole=begun == 0)

    def _wanted(self, now_ms: int) -> Iterator[_Due]:
        """The streams of which something may have to go."""
        every = self._policies.of([EVERY_STREAM])[EVERY_STREAM]
        after = self._next - 1
        while found := self._streams.find(
            {"_id": {"$gt": after}},
            Sight(reach=EVERYTHING),
            limit=STREAMS_TOGETHER,
            budget_ms=BUDGET_MS,
        ):
            after = found[-1].id
            ids = [stream.id for stream in found]
            own, lengths = self._policies.of(ids), self._statistics.lengths(ids)
            due = [
                _Due(stream, self._risen(stream.id, floors(limits, lengths[stream.id], now_ms)))
                for stream in found
                if (limits := effective(every, own[stream.id]))
            ]
            yield from self._with_ends([one for one in due if one.floors])

    def _risen(self, stream: int, wanted: Limits) -> Limits:
        """The floors that are others than those down to which this process has been."""
        been = self._through.get(stream, {})
        return {kind: floor for kind, floor in wanted.items() if been.get(kind) != floor}

    def _with_ends(self, due: list[_Due]) -> Iterator[_Due]:
        ends = self._points.all_ends([one.stream for one in due if VALUES in one.floors])
        firsts = self._statistics.earliest([d.stream.id for d in due if STATISTICS in d.floors])
        for one in due:
            stream = one.stream.id
            raw, record = ends.get(stream, (None, None))[0], firsts.get(stream)
            yield replace(
                one,
                raw=raw is not None and raw < one.floors[VALUES],
                statistics=record is not None and record < one.floors[STATISTICS],
            )

    def _steps(self, due: _Due, fence: int) -> Iterator[int]:
        """Remove what is below a stream's floors; how many documents each step removed or
        trimmed."""
        stream, wanted = due.stream, due.floors
        waits = due.raw and not self._lifted(stream, wanted[VALUES], fence)
        if due.raw and not waits:
            for width in sizes(stream.widths):
                yield from self._values((stream.id, width), wanted[VALUES])
        for level in ROLLUPS:
            if level.name in wanted:
                yield from self._buckets(level, stream.id, wanted[level.name])
        if due.statistics:
            floor = wanted[STATISTICS]
            yield from _all(lambda: self._statistics.remove_before(stream.id, floor, STEP))
        been = {kind: floor for kind, floor in wanted.items() if kind != VALUES or not waits}
        self._through[stream.id] = self._through.get(stream.id, {}) | been

    def _lifted(self, stream: Stream, floor: int, fence: int) -> bool:
        """Let the floor of raw datapoints rise, if the rollups have seen all that is below.

        What is written below it from then on, the rollups do not look at (``hub.store.kept``).
        """
        if self._removal.unseen(stream.id, floor):
            return False
        self._floors.lift(stream.id, floor, fence)
        return not self._removal.unseen(stream.id, floor)

    def _values(self, which: tuple[int, int], floor: int) -> Iterator[int]:
        yield from _all(lambda: self._removal.whole_documents(which, floor, STEP))
        yield int(self._removal.old_datapoints(which, floor))

    def _buckets(self, level: Level, stream: int, floor: int) -> Iterator[int]:
        yield from _all(lambda: self._removal.chunks(level, stream, floor, STEP))
        yield int(self._removal.old_buckets(level, stream, floor))


def _all(step: Callable[[], int]) -> Iterator[int]:
    """Steps until one finds nothing."""
    while count := step():
        yield count
