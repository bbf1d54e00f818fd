"""Which records somebody wants, and of which data streams they may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.errors import StreamNotFound
from hub.series.grid import AFTER_ALL, BEFORE_ALL
from hub.services.plant.data import Data
from hub.services.streams.registry.making import BUDGET_MS
from hub.store.streams.streams import Sight, Streams
from hub.values import Batch, Principal, Stream

TOGETHER = 500
"""Rows that are read ahead of whoever writes them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Records with ``lo <= at < hi`` (ms), at most ``limit`` of them (None: all).

    Attributes:
        data: the id of a data stream; None for all that the key opens.
        named: the data stream stands in the URL: one that is not there is an error, where it
            otherwise is one without records.
    """

    data: int | None = None
    named: bool = False
    lo: int = BEFORE_ALL
    hi: int = AFTER_ALL
    limit: int | None = None


class Seeing:
    def __init__(self, data: Data, streams: Streams) -> None:
        self._data = data
        self._streams = streams

    def one(self, data: int, principal: Principal) -> Stream:
        """Raises StreamNotFound: there is none, or the key is for others."""
        return self._data.get(data, principal)

    def wanted(self, wish: Wish, principal: Principal) -> list[Stream]:
        """The data streams of a wish that the key opens, in order of their ids.

        Raises:
            StreamNotFound: as ``one``, where the wish names the stream.
        """
        if wish.data is None:
            return self._streams.find({}, Sight(principal.reach), budget_ms=BUDGET_MS)
        try:
            return [self.one(wish.data, principal)]
        except StreamNotFound:
            if wish.named:
                raise
            return []

    def among(self, ids: set[int], principal: Principal) -> dict[int, Stream]:
        """Those of some data streams that are in use and that the key opens, by id."""
        return {
            stream.id: stream
            for stream in self._streams.by_ids(ids)
            if not stream.deleted and principal.reach.opens_stream(stream.id, stream.device)
        }


def first(limit: int | None, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Batches up to so many rows; all of them where ``limit`` is None."""
    left = limit
    for batch in batches:
        if left is None:
            yield batch
            continue
        yield Batch(batch.rows[:left])
        left -= len(batch.rows)
        if left <= 0:
            return
