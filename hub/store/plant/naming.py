"""A name for what a process holds, that the one which comes after it on the machine has again.

It is the name of a file in a folder, held by a lock. What the file says tells whether it is the one
that was made here since the machine started: in another place, as a copy, or after a restart of
the machine a name may be somebody else's too, and is given up.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from hashlib import blake2b
from io import FileIO
from pathlib import Path

from hub.store.mongod.locks import EXCLUSIVE, open_lock, try_lock

ENDING = ".worker"
BOOT = Path("/proc/sys/kernel/random/boot_id")
MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Name:
    """Nobody else has it as long as ``lock`` is not closed; without a lock nobody ever will."""

    text: str
    lock: FileIO | None = None

    def give_up(self) -> None:
        """Let who comes next have it."""
        if self.lock is not None:
            self.lock.close()


def named(folder: Path) -> Name:
    """A name that a dead process had, if there is one; else a new one. Never raises."""
    try:
        boot = BOOT.read_text()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(folder.glob(f"*{ENDING}")):
            if lock := _inherited(path, boot):
                return Name(path.name.removesuffix(ENDING), lock)
        return _new(folder, boot)
    except OSError:
        return Name(_text())


def _inherited(path: Path, boot: str) -> FileIO | None:
    """The lock of a file that no process has. One that says nothing, or not this, goes."""
    lock = open_lock(path)
    if try_lock(lock, EXCLUSIVE):
        if path.read_bytes() == _mark(lock, boot):
            return lock
        path.unlink(missing_ok=True)
    lock.close()
    return None


def _new(folder: Path, boot: str) -> Name:
    while True:
        text = _text()
        lock = open_lock(folder / f"{text}{ENDING}")
        if try_lock(lock, EXCLUSIVE):
            lock.write(_mark(lock, boot))
            return Name(text, lock)
        lock.close()


def _mark(lock: FileIO, boot: str) -> bytes:
    """What only this very file says, and only until the machine starts again."""
    found = os.fstat(lock.fileno())
    own = f"{boot} {found.st_dev} {found.st_ino}"
    return blake2b(own.encode(), digest_size=MARK_BYTES).digest()


def _text() -> str:
    return f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
