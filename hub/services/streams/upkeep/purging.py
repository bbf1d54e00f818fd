"""Removing what deleted streams left behind."""

from __future__ import annotations

from collections.abc import Iterator

from hub.store.points import PointStore
from hub.store.progress import Progress
from hub.store.rollups import Rollups
from hub.store.streams import Streams
from hub.values import Stream


class Purging:
    def __init__(
        self, streams: Streams, points: PointStore, rollups: Rollups, progress: Progress
    ) -> None:
        self._streams = streams
        self._points = points
        self._rollups = rollups
        self._progress = progress

    def deleted(self) -> list[Stream]:
        """The closed streams of which something is left."""
        return self._streams.deleted()

    def purge(self, stream: Stream) -> Iterator[int]:
        """Remove a deleted stream's datapoints in bounded steps, then the stream itself.

        Yields after each step how many documents went.
        """
        while count := self._points.remove_some(stream.id) + self._rollups.remove_some(stream.id):
            yield count
        self._progress.drop(stream.id)
        self._streams.remove(stream.id)
