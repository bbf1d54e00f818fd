"""Many single writes in one journalled write, each still answered for itself.

Requests that arrive while a write is under way wait together and go in the next one; nobody
waits for company, and nobody is answered before the write that holds their document is in the
journal. Measured in docs/decisions/002-group-commit.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.errors import Unavailable

Failures = Mapping[int, Exception]
Write = Callable[[Sequence[Any]], Failures]
"""Writes documents durably; returns the failures by index, or raises one for all of them."""


class _Waiting:
    """One document on its way, and the lock its request sleeps on."""

    __slots__ = ("document", "failure", "ready")

    def __init__(self, document: Any) -> None:
        self.document = document
        self.failure: Exception | None = None
        self.ready = threading.Lock()
        self.ready.acquire()


class GroupCommit:
    """A queue and the thread that empties it, started with the first document.

    Args:
        write: the durable write, called from one thread at a time.
        size_max: documents in one write, at most.
        patience_s: how long a request waits before it is told that nothing is known.
    """

    def __init__(self, write: Write, *, size_max: int = 512, patience_s: float = 40.0) -> None:
        self._write = write
        self._size_max = size_max
        self._patience_s = patience_s
        self._queue: list[_Waiting] = []
        self._wake = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None

    def put(self, document: Any) -> None:
        """Write one document and return once it is durable.

        Raises:
            HubError: this document's own failure.
            Unavailable: no answer in time; it is not known whether it was written.
        """
        waiting = _Waiting(document)
        with self._wake:
            self._queue.append(waiting)
            if self._thread is None:
                self._start()
            self._wake.notify()
        if not waiting.ready.acquire(timeout=self._patience_s):
            raise Unavailable("the database did not confirm the write in time")
        if waiting.failure is not None:
            raise waiting.failure

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue:
                    self._wake.wait()
                batch = self._queue[: self._size_max]
                del self._queue[: self._size_max]
            self._commit(batch)

    def _commit(self, batch: list[_Waiting]) -> None:
        failures = self._failures([waiting.document for waiting in batch])
        for index, waiting in enumerate(batch):
            waiting.failure = failures.get(index)
            waiting.ready.release()

    def _failures(self, documents: list[Any]) -> Failures:
        try:
            return self._write(documents)
        except Unavailable as exc:
            return dict.fromkeys(range(len(documents)), exc)
        except Exception as exc:
            if len(documents) == 1:
                return {0: exc}
            return self._one_by_one(documents)

    def _one_by_one(self, documents: list[Any]) -> Failures:
        """One document that cannot be encoded must not fail its neighbours."""
        found = ((index, self._failures([document])) for index, document in enumerate(documents))
        return {index: failures[0] for index, failures in found if failures}
