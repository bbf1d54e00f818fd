"""Values that could not be stored yet, in the order in which they came: on disk, as far as it goes.

What a process left behind that is dead comes first, then what is on this one's disk, then what the
disk did not take.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import Invalid, Unavailable
from hub.services.devices.limits import MEGABYTE
from hub.services.devices.waves import Wave, added, count, dropped, packed, unpacked
from hub.store.plant.backlog import ENDING, Backlog, Damaged, Drop, Packed, left_behind

log = logging.getLogger(__name__)

MEMORY_BYTES_MAX = 32 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Taken:
    """Values that waited longest. ``forget`` is called once they are stored; ``damaged`` counts
    those that cannot be read any more."""

    wave: Wave
    damaged: int
    forget: Callable[[], None]


class Waiting:
    """Not for several threads at once, but for ``values``.

    Args:
        bytes_max: what waits on disk at most.
        memory_bytes_max: what waits in memory at most, packed, where the disk takes nothing.
    """

    def __init__(
        self, folder: Path, bytes_max: int, memory_bytes_max: int = MEMORY_BYTES_MAX
    ) -> None:
        self._memory_bytes_max = memory_bytes_max
        self._folder = folder
        self._bytes_max = bytes_max
        self._own = Backlog(folder / f"{os.getpid()}-{uuid.uuid4().hex}{ENDING}", bytes_max)
        self._left: list[Backlog] = []
        self._memory: deque[tuple[int, bytes]] = deque()
        self._drops: list[tuple[int, int]] = []
        self._failing = False
        self.overflowed = 0
        self.news: list[str] = []

    @property
    def values(self) -> int:
        """How many wait."""
        held = sum(one.waiting for one in (*self._left, self._own))
        return held + sum(n for n, _ in tuple(self._memory))

    def add(self, wave: Wave) -> None:
        """Let a wave wait; what came before it may have to go. Never raises."""
        self._memory.append((count(wave), packed(wave)))
        self._save()
        while sum(len(content) for _, content in self._memory) > self._memory_bytes_max:
            self.overflowed += self._memory.popleft()[0]

    def take(self, most: int) -> Taken | None:
        """About so many values that waited longest; None where nothing waits that can be read."""
        self._save()
        for held in (*self._left, self._own):
            taken = self._read(held, most)
            if taken is not None:
                return taken
        return self._remembered() if self._memory else None

    def drop(self, device: int, from_ms: int) -> None:
        """What waits now and was read of a device from a moment on is not stored. Never raises."""
        self._memory = deque(
            (count(left), packed(left))
            for _, content in self._memory
            if (left := dropped(unpacked(content), device, from_ms))
        )
        self._drops.append((device, from_ms))
        self._save()

    def adopt(self) -> None:
        """Take over what dead processes left behind. Never raises."""
        for held in left_behind(self._folder, self._bytes_max):
            if self._safely(held, held.look):
                self.overflowed += self._lost(held)
                self._left.append(held)
            else:
                held.close()

    def tidy(self) -> None:
        """What was lost has been told; files of others that are empty go. Never raises."""
        for held in (*self._left, self._own):
            if os.path.exists(held.path):
                self._safely(held, held.told)
        for held in [one for one in self._left if not one.waiting]:
            self._left.remove(held)
            held.close()

    def close(self) -> None:
        """Put everything on disk, and let go of it. Never raises.

        What the disk does not take is lost, and counted.
        """
        self._save()
        self.overflowed += sum(n for n, _ in self._memory)
        self._memory.clear()
        for held in (*self._left, self._own):
            held.close()

    def _save(self) -> None:
        """Put on disk what is in memory, and which of it is to be dropped."""
        for drop in tuple(self._drops):
            if os.path.exists(self._own.path) and not self._safely(
                self._own, self._dropping(*drop)
            ):
                return
            self._drops.remove(drop)
        if self._memory and self._safely(self._own, self._putting(tuple(self._memory))):
            self._memory.clear()

    def _dropping(self, device: int, from_ms: int) -> Callable[[], None]:
        return lambda: self._own.drop(device, from_ms)

    def _putting(self, waves: Sequence[tuple[int, bytes]]) -> Callable[[], None]:
        def put() -> None:
            self.overflowed += self._own.put(waves)

        return put

    def _read(self, held: Backlog, most: int) -> Taken | None:
        if not held.waiting or (held is self._own and self._drops):
            return None
        found: list[Packed] = []
        drops: list[Drop] = []

        def read() -> None:
            found[:], drops[:] = held.oldest(most), held.drops()

        if not self._safely(held, read) or not found:
            return None
        wave, damaged, last = _together(found, drops)
        return Taken(wave, damaged, lambda: self._done(held, last))

    def _done(self, held: Backlog, seq: int) -> None:
        self._safely(held, lambda: held.done(seq))

    def _remembered(self) -> Taken:
        first = self._memory[0]

        def forget() -> None:
            if self._memory and self._memory[0] is first:
                self._memory.popleft()

        return Taken(unpacked(first[1]), 0, forget)

    def _lost(self, held: Backlog) -> int:
        found = [0]

        def look() -> None:
            found[0] = held.lost()

        self._safely(held, look)
        return found[0]

    def _safely(self, held: Backlog, act: Callable[[], None]) -> bool:
        """Do something with a file; whether it could be done. One that is damaged is set aside."""
        for _ in range(2):
            try:
                act()
            except Unavailable as exc:
                self._fail(str(exc.detail.get("reason")))
                return False
            except Damaged:
                if not self._aside(held):
                    return False
            else:
                self._failing = self._failing and held is not self._own
                return True
        return False

    def _aside(self, held: Backlog) -> bool:
        try:
            aside = held.set_aside()
        except OSError as exc:
            self._fail(type(exc).__name__)
            return False
        told = f"a file of readings that waited is damaged; it is kept as {aside.name}"
        log.error("%s", told)
        self.news.append(told)
        return True

    def _fail(self, reason: str) -> None:
        if not self._failing:
            log.error("readings cannot be put on disk: %s", reason)
            self.news.append(f"readings could not be put on disk: {reason}")
        self._failing = True


def _together(found: Sequence[Packed], drops: Sequence[Drop]) -> tuple[Wave, int, int]:
    """The first waves as far as they may be stored together, how many values of them are damaged,
    and the last one's number.

    The values of a stream that went to documents of several widths are not stored together.
    """
    wave: Wave = {}
    damaged, last = 0, found[0].seq
    for one in found:
        content = _without(one, drops)
        try:
            if not added(wave, content):
                break
        except Invalid:
            damaged += one.count
        last = one.seq
    return wave, damaged, last


def _without(one: Packed, drops: Sequence[Drop]) -> bytes:
    """What was packed, without what is not to be stored any more; as it is where it is damaged."""
    own = [drop for drop in drops if one.seq <= drop.until]
    if not own:
        return one.content
    try:
        wave = unpacked(one.content)
    except Invalid:
        return one.content
    for drop in own:
        wave = dropped(wave, drop.device, drop.since)
    return packed(wave)
