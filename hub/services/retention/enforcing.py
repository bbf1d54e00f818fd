"""Removal of what is older than the policies allow: in bounded steps, some streams at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event
from time import monotonic
from typing import TypeVar

from hub.series.buckets import sizes
from hub.series.levels import ROLLUPS, Level
from hub.services.retention.policies import floors
from hub.services.retention.turns import Turns
from hub.store.streams.points import PointStore
from hub.store.streams.retention import (
    EVERY_STREAM,
    STATISTICS,
    VALUES,
    Floors,
    Limits,
    Policies,
    Removal,
)
from hub.store.streams.statistics import StatisticStore
from hub.store.streams.streams import Streams
from hub.values import Stream

STEP = 500
"""Documents that one step removes or trims at most."""
STREAMS_TOGETHER = 200
RUN_S = 10.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""
Stored = tuple[Removal, StatisticStore]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enforced:
    """What a run did: streams that were looked at to the end, and documents removed or trimmed.

    ``whole`` says that it came to its end, rather than breaking off.
    """

    streams: int = 0
    documents: int = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Due:
    """A stream, and the floors that it shall have; whether it has ``raw`` datapoints below them,
    and whether these wait for the rollups."""

    stream: Stream
    floors: Limits
    raw: bool = False
    waits: bool = False


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
        self._turns = Turns()

    def run(self, fence: int, stopping: Event, now_ms: int, *, run_s: float = RUN_S) -> Enforced:
        """Remove what is too old now. A run goes on where the one before broke off.

        Args:
            fence: the token of the lease under which this runs.
            stopping: looked at between steps.
            run_s: how long it goes on.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: the database went away; the next run goes on.
        """
        ends, done = monotonic() + run_s, Enforced()
        for ids in _parts(self._due(now_ms), STREAMS_TOGETHER):
            self._turns.begin(ids[0])
            group = self._lifted(self._wanted(ids, now_ms), fence)
            for count in self._steps(group):
                done = replace(done, documents=done.documents + count)
                if stopping.is_set() or monotonic() > ends:
                    return done
            self._note(group, now_ms)
            self._turns.begin(ids[-1] + 1)
            done = replace(done, streams=done.streams + len(group))
            if stopping.is_set() or monotonic() > ends:
                return done
        return replace(done, whole=True)

    def _due(self, now_ms: int) -> list[int]:
        own = self._policies.every()
        common = own.pop(EVERY_STREAM, {})
        ids = self._streams.ids() if common else sorted(own)
        return self._turns.due(ids, common, own, now_ms)

    def _wanted(self, ids: Sequence[int], now_ms: int) -> list[_Due]:
        """What is to be done of these streams, as far as they are in use."""
        lengths, due = self._statistics.lengths(ids), list[_Due]()
        for stream in self._streams.by_ids(ids):
            if stream.deleted is None:
                turn = self._turns.of(stream.id)
                wanted = floors(turn.limits, lengths[stream.id], now_ms)
                due.append(_Due(stream, turn.risen(wanted)))
        ends = self._points.all_ends([one.stream for one in due if VALUES in one.floors])
        firsts = {stream: first for stream, (first, _) in ends.items() if first is not None}
        return [
            replace(one, raw=one.stream.id in firsts and firsts[one.stream.id] < one.floors[VALUES])
            for one in due
        ]

    def _lifted(self, group: Sequence[_Due], fence: int) -> list[_Due]:
        """Let the floors of raw datapoints rise where the rollups have seen all that is below.

        What is written below them from then on, the rollups do not look at
        (``hub.store.streams.kept``).
        """
        wanted = {due.stream.id: due.floors[VALUES] for due in group if due.raw}
        unseen = self._removal.unseen(wanted)
        risen = {stream: floor for stream, floor in wanted.items() if stream not in unseen}
        self._floors.lift(risen, fence)
        unseen |= self._removal.unseen(risen)
        return [replace(due, waits=due.stream.id in unseen) for due in group]

    def _steps(self, group: Sequence[_Due]) -> Iterator[int]:
        """Remove what is below the floors; how many documents each step removed or trimmed."""
        raw = [
            (due.stream.id, width, due.floors[VALUES])
            for due in group
            if due.raw and not due.waits
            for width in sizes(due.stream.widths)
        ]
        yield from _all(lambda: self._removal.whole_documents(raw, STEP))
        yield from _each(raw, self._removal.old_datapoints)
        for level in ROLLUPS:
            yield from self._buckets(level, _below(group, level.name))
        records = _below(group, STATISTICS)
        yield from _all(lambda: self._statistics.remove_before(records, STEP))

    def _buckets(self, level: Level, below: Sequence[tuple[int, int]]) -> Iterator[int]:
        yield from _all(lambda: self._removal.chunks(level, below, STEP))
        yield from _each(below, lambda some: self._removal.old_buckets(level, some))

    def _note(self, group: Sequence[_Due], now_ms: int) -> None:
        for due in group:
            left = [VALUES] if due.waits else []
            self._turns.done(due.stream.id, due.floors, now_ms, left=left)


def _below(group: Sequence[_Due], kind: str) -> list[tuple[int, int]]:
    """The streams and their floors of a kind."""
    return [(due.stream.id, due.floors[kind]) for due in group if kind in due.floors]


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[lo : lo + size] for lo in range(0, len(items), size))


def _each(items: Sequence[T], step: Callable[[Sequence[T]], int]) -> Iterator[int]:
    """A step for some of the items after the other; those that found nothing are not told."""
    return filter(None, (step(some) for some in _parts(items, STEP)))


def _all(step: Callable[[], int]) -> Iterator[int]:
    """Steps until one finds nothing."""
    while count := step():
        yield count
