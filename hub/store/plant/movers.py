"""Who is in the middle of a change, told so that others on the machine see when he is no more.

A mover is named by the machine's start, the space of its process ids, the process, when that was
started, and who of it. Of a mover on another machine nothing is known.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
PROCESS_IDS = Path("/proc/self/ns/pid")
STATE, STARTED = 0, 19
"""Which of the words behind a program's name, in what the kernel tells of a process."""
DEAD = ("Z", "X")


class Movers:
    """Those of this process that were named here, and whether any other is gone."""

    def __init__(self) -> None:
        self._own = uuid.uuid4().hex
        self._active: set[str] = set()

    @contextmanager
    def one(self) -> Iterator[str]:
        """A new mover, who is there until this is left."""
        name = f"{named(os.getpid())} {self._own} {uuid.uuid4().hex}"
        self._active.add(name)
        try:
            yield name
        finally:
            self._active.discard(name)

    def gone(self, name: str) -> bool:
        """Whether it is known that a mover is there no more."""
        *place, process, started, own, _ = name.split(" ")
        if place != _place():
            return False
        if own == self._own and process == str(os.getpid()):
            return name not in self._active
        return _started(int(process)) != started


def named(process: int) -> str:
    """A process, as no other is ever named on the machine until it starts again."""
    return " ".join([*_place(), str(process), _started(process) or "-"])


def _place() -> list[str]:
    """Nobody's, where the kernel does not tell."""
    try:
        return [BOOT.read_text().strip(), str(PROCESS_IDS.stat().st_ino)]
    except OSError:
        return [uuid.uuid4().hex, "-"]


def _started(process: int) -> str | None:
    """When a process that lives was started, in ticks."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if told[STATE] in DEAD else told[STARTED]
