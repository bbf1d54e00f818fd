"""Removing what deleted streams left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

from hub.store.points import PointStore
from hub.store.progress import Progress
from hub.store.rollups import Rollups
from hub.store.streams import RECENT_S, Streams
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

        Waits first until nobody takes it for open any more. Yields after each step how many
        documents went.
        """
        time.sleep(2 * RECENT_S)
        while count := self._points.remove_some(stream.id) + self._rollups.remove_some(stream.id):
            yield count
        self._progress.drop(stream.id)
        self._streams.remove(stream.id)
