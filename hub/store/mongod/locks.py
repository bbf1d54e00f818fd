"""Kernel file locks. They belong to an open file and fall when the last process holding it dies."""

from __future__ import annotations

import fcntl
import os
import time
from io import FileIO
from pathlib import Path

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX


def open_lock(path: Path) -> FileIO:
    """The lock file, made if need be. Closing it lets go, unless a forked child has it too."""
    return FileIO(path, "a", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def try_lock(file: FileIO, how: int) -> bool:
    """Lock, or change the lock held; False, at once, when another is in the way."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """Whether nobody holds this lock exclusively. Makes no file."""
    try:
        with FileIO(path) as file:
            return try_lock(file, SHARED)
    except FileNotFoundError:
        return True


class LastUser:
    """Knows when the last holder of the shared lock has left."""

    def __init__(self, file: FileIO, grace_s: float) -> None:
        self._file = file
        self._grace_s = grace_s
        self._alone_since: float | None = None

    def gone(self) -> bool:
        """True once nobody was seen for the grace period. Newcomers are then kept out for good."""
        if not try_lock(self._file, EXCLUSIVE):
            self._alone_since = None
            return False
        now = time.monotonic()
        if self._alone_since is None:
            self._alone_since = now
        if now - self._alone_since >= self._grace_s:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False
