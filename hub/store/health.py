"""Signs of life of what the hub needs: the database, a worker, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pymongo import timeout
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from hub.errors import Unavailable
from hub.store.client import Mongo, in_our_words
from hub.store.leases import lasting

MEBIBYTE = 1024 * 1024


class Pulse:
    """Of the database."""

    def __init__(self, mongo: Mongo) -> None:
        self._admin = mongo.client.admin

    def feel(self, limit_s: float | None = None) -> None:
        """Raises Unavailable: no server that takes writes answers, or not in ``limit_s``."""
        with _within(limit_s):
            self._admin.command("ping")


class WorkerPulse:
    """Of the workers: one that lives renews the leases of its jobs, one that ends gives them back.

    Args: ``jobs`` are those that every worker wants, with leases of half a minute: that long a
    worker that was killed seems to live.
    """

    def __init__(self, mongo: Mongo, jobs: Sequence[str]) -> None:
        self._leases = mongo.db["leases"]
        self._jobs = list(jobs)

    def feel(self, limit_s: float | None = None) -> None:
        """Raises Unavailable: no worker lives, or the database does not say so in ``limit_s``."""
        held = {"_id": {"$in": self._jobs}} | lasting()
        with _within(limit_s):
            found = self._leases.find_one(held, {"_id": True})
        if found is None:
            raise Unavailable("no worker is at work")


class PollingPulse:
    """Of the workers that poll devices: one that lives keeps its row in ``workers`` up."""

    def __init__(self, mongo: Mongo) -> None:
        self._workers = mongo.db["workers"]

    def feel(self, limit_s: float | None = None) -> None:
        """Raises Unavailable: none lives, or the database does not say so in ``limit_s``."""
        with _within(limit_s):
            found = self._workers.find_one(lasting(), {"_id": True})
        if found is None:
            raise Unavailable("no worker polls devices")


class Room:
    """On the disk of a folder, which need not be there yet."""

    def __init__(self, folder: Path, free_bytes_min: int) -> None:
        self._folder = folder.absolute()
        self._free_bytes_min = free_bytes_min

    def look(self) -> None:
        """Raises Unavailable: there is less than there should be, or nobody can tell."""
        there = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        try:
            free_bytes = shutil.disk_usage(there).free
        except OSError as exc:
            raise Unavailable("the disk does not say how much room it has") from exc
        if free_bytes < self._free_bytes_min:
            least = self._free_bytes_min / MEBIBYTE
            raise Unavailable(f"less than {least:,.0f} MiB are free on the disk")


@contextmanager
def _within(limit_s: float | None) -> Iterator[None]:
    """Bound what is asked of the database. Raises Unavailable."""
    try:
        with timeout(limit_s):
            yield
    except PyMongoError as exc:
        if exc.timeout and not isinstance(exc, ServerSelectionTimeoutError):
            raise Unavailable("the database did not answer in time") from exc
        raise in_our_words(exc) from exc
