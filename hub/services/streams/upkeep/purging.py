"""Removing what deleted streams left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from hub.store.streams.progress import Progress
from hub.store.streams.streams import RECENT_S, Streams
from hub.values import Stream


class Purging:
    """Args: ``removers`` each remove a bounded number of a stream's documents, and say how many."""

    def __init__(
        self, streams: Streams, progress: Progress, removers: Sequence[Callable[[int], int]]
    ) -> None:
        self._streams = streams
        self._progress = progress
        self._removers = removers

    def deleted(self) -> list[Stream]:
        """The closed streams of which something is left."""
        return self._streams.deleted()

    def purge(self, stream: Stream) -> Iterator[int]:
        """Remove a deleted stream's datapoints in bounded steps, then the stream itself.

        Waits first until nobody takes it for open any more. Yields after each step how many
        documents went.
        """
        time.sleep(2 * RECENT_S)
        while count := sum(remove(stream.id) for remove in self._removers):
            yield count
        self._progress.drop(stream.id)
        self._streams.remove(stream.id)
