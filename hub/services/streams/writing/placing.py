"""Which place a datapoint takes among those that are there: the stream's policy on late ones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np

from hub.errors import HubError, LateDatapoint, TooLarge, Unavailable
from hub.series import buckets
from hub.series.buckets import Bucket
from hub.series.exact import identity
from hub.series.incoming import Columns
from hub.series.parts import IntArray
from hub.series.widths import ENOUGH, adapted, narrower
from hub.store.datasets.group_commit import GroupCommit
from hub.store.streams.point_documents import Change
from hub.store.streams.points import PointStore, Unmade
from hub.store.streams.streams import Streams
from hub.values import Stream

Datapoint = tuple[int, Any]
"""A time in ms and a value."""
TOGETHER_MAX = 64
"""Datapoints of one request, up to which it shares a write with those that arrive beside it."""
ATTEMPTS = 64
TURNS = 64
"""Locks by which the requests of this process take turns at one document."""


class _Unmade(Exception):
    """Some changes of a request were not made."""

    def __init__(self, unmade: Unmade) -> None:
        super().__init__()
        self.unmade = unmade


class Placing:
    def __init__(self, points: PointStore, streams: Streams) -> None:
        self._points = points
        self._streams = streams
        self._commits = GroupCommit(self._commit)
        self._turns = [Lock() for _ in range(TURNS)]

    def put(
        self,
        stream: Stream,
        datapoints: Sequence[Datapoint],
        *,
        again: bool = False,
        by: bytes = b"",
    ) -> dict[int, HubError]:
        """Store datapoints durably, in the order in which they came where times are equal.

        Args:
            again: some may be there from an earlier attempt at the same request; those are
                not stored twice.
            by: the same for all attempts at a request, which may even be under way at once.

        Returns:
            The refused ones by index: those that came late to a stream that takes none.

        Raises:
            Unavailable: not confirmed; it is not known what was stored.
        """
        if not datapoints:
            return {}
        late = self._late(stream, datapoints) if stream.late == "reject" else {}
        if again and late:
            late = self._not_there(stream, datapoints, late)
        kept = datapoints
        if late:
            kept = [point for index, point in enumerate(datapoints) if index not in late]
        changes = _changes(self._fitted(stream, kept), kept, by)
        if again:
            refused = [change for change in changes if change.fresh]
            refused += self._write(stream, [change for change in changes if not change.fresh])
        else:
            refused = self._write(stream, changes)
        for change in refused:
            with self._turns[hash(change.bucket) % TURNS]:
                self._fit_in(change, again=again)
        return late

    def _fitted(self, stream: Stream, datapoints: Sequence[Datapoint]) -> Stream:
        """The stream, its documents as wide as the first batch of datapoints suggests.

        The width that was guessed before stays in the list: another one may just use it.
        """
        if len(stream.widths) > 1 or len(datapoints) < ENOUGH:
            return stream
        at, _ = _columns(datapoints)
        widths = adapted(stream.widths, len(at), int(at.min()), int(at.max()), 0)
        if widths is None or self._points.ends(stream)[0] is not None:
            return stream
        if self._streams.set_widths(stream.id, widths, stream.widths):
            return replace(stream, widths=widths)
        return next(iter(self._streams.by_ids([stream.id])), stream)

    def _write(self, stream: Stream, changes: list[Change]) -> list[Change]:
        """Make changes; those that must be fitted in are returned."""
        unmade = self._tried(changes)
        refused = unmade.taken
        for change in unmade.full:
            refused += self._write(*self._narrowed(stream, change))
        return refused

    def _tried(self, changes: list[Change]) -> Unmade:
        if not changes:
            return Unmade([], [])
        if sum(len(change.values) for change in changes) > TOGETHER_MAX:
            return self._points.write(changes)
        try:
            self._commits.put(changes)
        except _Unmade as exc:
            return exc.unmade
        return Unmade([], [])

    def _commit(self, requests: Sequence[list[Change]]) -> dict[int, Exception]:
        unmade = self._points.write([change for own in requests for change in own])
        owners = {id(change): index for index, own in enumerate(requests) for change in own}
        found: dict[int, Unmade] = {}
        for change in unmade.taken:
            found.setdefault(owners[id(change)], Unmade([], [])).taken.append(change)
        for change in unmade.full:
            found.setdefault(owners[id(change)], Unmade([], [])).full.append(change)
        return {index: _Unmade(own) for index, own in found.items()}

    def _narrowed(self, stream: Stream, change: Change) -> tuple[Stream, list[Change]]:
        """A change of a full document as changes of narrower ones, which the stream has from its
        beginning on.

        Raises:
            TooLarge: they are the narrowest already.
        """
        widths = narrower(stream.widths, change.bucket.width, change.bucket.start)
        if widths is None:
            raise TooLarge("the datapoints of one second are over 16 MiB", stream=stream.uuid)
        if self._streams.set_widths(stream.id, widths, stream.widths):
            stream = replace(stream, widths=widths)
        else:
            stream = next(iter(self._streams.by_ids([stream.id])), stream)
        start = change.bucket.start
        points = [(start + buckets.parsed(n)[0], v) for n, v in change.values.items()]
        return stream, _changes(stream, points, change.by)

    def _late(self, stream: Stream, datapoints: Sequence[Datapoint]) -> dict[int, HubError]:
        """Those that are older than the newest, be it stored or before them in the request."""
        newest = self._points.ends(stream)[1] or 0
        late: dict[int, HubError] = {}
        for index, (at, _) in enumerate(datapoints):
            if at < newest:
                late[index] = LateDatapoint("older than the stream's newest datapoint", path="t")
            newest = max(newest, at)
        return late

    def _not_there(
        self, stream: Stream, datapoints: Sequence[Datapoint], late: Mapping[int, HubError]
    ) -> dict[int, HubError]:
        """Those of the late ones that an earlier attempt has not stored in time."""
        left, held = dict(late), {}
        for index in late:
            at, value = datapoints[index]
            bucket = bucket_of(stream, at)
            if bucket not in held:
                held[bucket] = _known(self._points.document(bucket)[0])
            there = held[bucket].get(at - bucket.start, [])
            if identity(value) in there:
                there.remove(identity(value))
                del left[index]
        return left

    def _fit_in(self, change: Change, *, again: bool) -> None:
        """Put datapoints beside those that hold their instants; of one value an instant, over."""
        for _ in range(ATTEMPTS):
            if self._points.did(change):
                return
            held, revision = self._points.document(change.bucket)
            free = _beside(held, change.values, again=again) if change.fresh else change.values
            if not free:
                return
            changed = replace(change, values=free)
            if self._points.exchange(changed, held, (), revision):
                return
        raise Unavailable("the datapoints could not be stored; too many writers at once")


def _changes(stream: Stream, datapoints: Sequence[Datapoint], by: bytes) -> list[Change]:
    """The datapoints by document. One value an instant, or a name of its own for each."""
    if not datapoints:
        return []
    at, values = _columns(datapoints)
    if (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
        at, values = at[order], [values[index] for index in order.tolist()]
    single = stream.late == "replace"
    sure = single and stream.device is not None
    made = []
    for bucket, chosen in buckets.split(stream.id, stream.widths, at):
        offsets = (at[chosen] - bucket.start).tolist()
        own = map(str, offsets) if single else buckets.names(offsets)
        held = dict(zip(own, values[chosen], strict=True))
        lo, hi = int(at[chosen.start]), int(at[chosen.stop - 1])
        made.append(Change(bucket, held, lo, hi, fresh=not single, by=by, sure=sure))
    return made


def _columns(datapoints: Sequence[Datapoint]) -> tuple[IntArray, list[Any]]:
    if isinstance(datapoints, Columns):
        return datapoints.at, datapoints.values
    times, values = zip(*datapoints, strict=True)
    return np.array(times, np.int64), list(values)


def _beside(held: Mapping[str, Any], values: Mapping[str, Any], *, again: bool) -> dict[str, Any]:
    """The values under names that are free; without those already there, if ``again``."""
    free: dict[str, Any] = {}
    known = _known(held) if again else {}
    for name, value in values.items():
        offset, count = buckets.parsed(name)
        if offset in known and identity(value) in known[offset]:
            known[offset].remove(identity(value))
            continue
        while (found := buckets.name(offset, count)) in held or found in free:
            count += 1
        free[found] = value
    return free


def _known(held: Mapping[str, Any]) -> dict[int, list[Hashable]]:
    """What tells the values of a document apart, by their offset."""
    known: dict[int, list[Hashable]] = {}
    for name, value in held.items():
        known.setdefault(buckets.parsed(name)[0], []).append(identity(value))
    return known


def bucket_of(stream: Stream, at_ms: int) -> Bucket:
    """The document that a moment falls into."""
    width = buckets.width_at(stream.widths, at_ms)
    return Bucket(stream.id, width, at_ms - at_ms % width)
