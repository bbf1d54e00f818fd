"""Rows on their way out: read in batches, resumed where that is safe, closed in every case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from hub.errors import OverBudget, Unavailable
from hub.values import Batch, Document

Position = tuple[Any, ...]
Open = Callable[[Position | None], Iterator[Batch]]
"""Opens the rows after a position, or from the beginning."""


class Rows:
    """Batches of rows, of which the first is already here; iterate once, then ``close``.

    ``release`` is called in every case, also when opening fails.

    A failure while iterating is raised to the reader, who must not end the answer as if it
    were whole.
    """

    def __init__(self, opener: Callable[[], Iterator[Batch]], release: Callable[[], None]) -> None:
        self._batches: Iterator[Batch] = iter(())
        self._release = release
        try:
            self._batches = opener()
            self._first = next(self._batches, None)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Batch]:
        try:
            if self._first is not None:
                first, self._first = self._first, None
                yield first
            yield from self._batches
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the cursor and the place; harmless when called again."""
        try:
            close = getattr(self._batches, "close", None)
            if close is not None:
                close()
        finally:
            self._release()


def resumed(
    open_after: Open, place: Callable[[Document], Position], *, time_max_s: float
) -> Iterator[Batch]:
    """All batches, opening again after the last row when the time or the connection is lost.

    So a long answer may take as long as it gives rows: the server's time budget bounds the
    work for one stretch, and a stretch that ends without a row is a failure.

    Raises:
        OverBudget: a whole budget brought no row, or ``time_max_s`` is over.
        Unavailable: the database did not come back.
    """
    until = monotonic() + time_max_s
    last: Position | None = None
    while True:
        went_on = False
        try:
            for batch in open_after(last):
                if monotonic() > until:
                    raise _Expired("the answer took too long", limit="stream_s", max=time_max_s)
                if batch.rows:
                    went_on, last = True, place(batch.rows[-1])
                    yield batch
            return
        except _Expired:
            raise
        except (OverBudget, Unavailable):
            if not went_on:
                raise


class _Expired(OverBudget):
    """The whole answer's time is over; opening again would not help."""
