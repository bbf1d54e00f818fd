"""One value set at its time: made, or put in the place of the one that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import BadDatapoint, Conflict, HubError, Invalid, LateDatapoint, Unavailable
from hub.series import buckets
from hub.series.incoming import TIME_MAX_S
from hub.series.kinds import check_value, storable
from hub.series.levels import SECOND_MS
from hub.series.records import Record
from hub.series.widths import ENOUGH, adapted
from hub.services.streams.writing.placing import Placing, bucket_of
from hub.store.streams.point_documents import Change
from hub.store.streams.points import PointStore
from hub.values import Stream

ATTEMPTS = 64
Wanted = tuple[Stream, int, Any]
"""A stream, a time in ms and a value."""


class Setting:
    def __init__(self, points: PointStore, placing: Placing) -> None:
        self._points = points
        self._placing = placing

    def put(self, stream: Stream, at: int, value: Any) -> Record:
        """Make a value at a time (ms), or change the one that is there, durably.

        Where a stream keeps several values of one instant, the last one is changed.

        Raises:
            BadDatapoint: a value or a time that the stream does not take.
            LateDatapoint: there is none yet, and the stream takes none that are late.
            Conflict: the stream's values are the hub's own: derived, or fed by a dataset.
            Unavailable: not confirmed; putting the same again is harmless.
        """
        (found,) = self.put_all([(stream, at, value)])
        if isinstance(found, HubError):
            raise found
        return found

    def put_all(self, wanted: Sequence[Wanted]) -> list[Record | HubError]:
        """As ``put`` for each, in order; what is refused does not keep the others from it.

        Raises:
            Unavailable: not confirmed; putting the same again is harmless.
        """
        verdicts: list[Record | HubError] = []
        plain: dict[int, tuple[Stream, list[tuple[int, Any]]]] = {}
        for stream, at, value in wanted:
            try:
                kept = _checked(stream, at, value)
                if stream.late == "replace":
                    plain.setdefault(stream.id, (stream, []))[1].append((at, kept))
                    verdicts.append(Record(stream.id, at, 0, kept))
                else:
                    verdicts.append(self._exchanged(stream, at, kept))
            except (Invalid, Conflict) as exc:
                verdicts.append(exc)
        self._put_plain(plain)
        return verdicts

    def _put_plain(self, plain: Mapping[int, tuple[Stream, list[tuple[int, Any]]]]) -> None:
        """Several streams go in one write, but for those whose documents may be of a bad width."""
        few = [own for own in plain.values() if len(plain) > 1 and _fits(*own)]
        left = [own for own in plain.values() if len(plain) == 1 or not _fits(*own)]
        if few:
            unmade = self._points.write([change for own in few for change in _changes(*own)])
            left += [(plain[full.bucket.stream][0], _points(full)) for full in unmade.full]
        for stream, points in left:
            self._placing.put(stream, points)

    def _exchanged(self, stream: Stream, at: int, value: Any) -> Record:
        for _ in range(ATTEMPTS):
            bucket, held, revision, names = self._place(stream, at)
            new = not names and stream.late == "reject"
            if new and at < (self._points.ends(stream)[1] or 0):
                raise LateDatapoint("older than the stream's newest value", path="timestamp")
            name = names[-1] if names else buckets.name(at - bucket.start, 0)
            change = Change(bucket, {name: value}, at, at, sure=stream.device is not None)
            if self._points.exchange(change, held, (), revision):
                return Record(stream.id, at, max(len(names) - 1, 0), value)
        raise Unavailable("the value could not be stored; too many writers at once")

    def _place(
        self, stream: Stream, at: int
    ) -> tuple[buckets.Bucket, dict[str, Any], int, list[str]]:
        """The document that has the instant, or shall have it: its map, its revision, and the
        names of the instant's values there."""
        for bucket, held, revision in self._points.held(stream, at, at + 1):
            names = [name for name in held if buckets.parsed(name)[0] == at - bucket.start]
            if names:
                return bucket, held, revision, sorted(names, key=buckets.parsed)
        bucket = bucket_of(stream, at)
        return bucket, *self._points.document(bucket), []


def _fits(stream: Stream, points: Sequence[tuple[int, Any]]) -> bool:
    """Whether the width of a stream's documents was chosen, or these values leave it as it is."""
    if len(stream.widths) > 1 or len(points) < ENOUGH:
        return True
    times = [at for at, _ in points]
    return adapted(stream.widths, len(times), min(times), max(times), 0) is None


def _changes(stream: Stream, points: Sequence[tuple[int, Any]]) -> list[Change]:
    """One value an instant; of several the last."""
    held: dict[buckets.Bucket, dict[int, Any]] = {}
    for at, value in points:
        held.setdefault(bucket_of(stream, at), {})[at] = value
    return [
        Change(
            bucket,
            {buckets.name(at - bucket.start, 0): value for at, value in own.items()},
            min(own),
            max(own),
            sure=stream.device is not None,
        )
        for bucket, own in held.items()
    ]


def _points(change: Change) -> list[tuple[int, Any]]:
    start = change.bucket.start
    return [(start + buckets.parsed(name)[0], value) for name, value in change.values.items()]


def _checked(stream: Stream, at: int, value: Any) -> Any:
    if stream.derivation is not None:
        raise Conflict("a derived stream takes no values of its own", stream=stream.uuid)
    if stream.feed is not None:
        raise Conflict("this stream's values come from a dataset", stream=stream.uuid)
    if not 0 <= at // SECOND_MS <= TIME_MAX_S:
        raise BadDatapoint(
            "a time lies between 1970-01-01T00:00:00Z and 2038-01-19T03:14:07Z", path="timestamp"
        )
    try:
        check_value(stream.value_type, value, stream.value_downsamplers)
    except Invalid as exc:
        path = "value" + str(exc.detail.get("path", "v"))[1:]
        raise BadDatapoint(exc.message, path=path) from exc
    return storable(value)
