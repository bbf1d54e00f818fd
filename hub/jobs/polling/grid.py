"""When a device is to be read: pure. Times are whole milliseconds of some steady clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

GOLDEN = 0.618_033_988_75
"""Its multiples, without their whole parts, lie evenly wherever one stops."""
FAR_MS = 5_000
"""What is new does not wait longer than that for its first tick,"""
FIRST_MS = 1_000
"""but has one more within so long."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What was begun: the intervals that were due, and how many ticks of them were missed."""

    intervals: frozenset[int]
    missed: int


@dataclass(slots=True)
class _Line:
    """One interval: its ticks are ``origin`` and whole intervals after it, the next one ``due``."""

    origin: int
    due: int


class Grid:
    """The ticks of several intervals, all of which have one in common now and then.

    A tick that could not begin before the next one of its interval was due is missed.

    Args:
        number: devices of other numbers have their ticks at other moments.
    """

    def __init__(self, number: int) -> None:
        self._part = number * GOLDEN % 1
        self._lines: dict[int, _Line] = {}

    def alter(self, intervals: Collection[int], now: int, fresh: Collection[int] = ()) -> None:
        """Other intervals from now on; those that stay keep their ticks.

        Args:
            intervals: in ms, each at least 1.
            fresh: those at which something is read that was not before.
        """
        origin = int(self._part * min(intervals, default=0))
        lines = {}
        for each in sorted(intervals):
            old = self._lines.get(each)
            line = old or _Line(origin, now + (origin - now) % each)
            if (old is None or each in fresh) and line.due - now > FAR_MS:
                line.due = now + int(self._part * FIRST_MS)
            lines[each] = line
        self._lines = lines

    @property
    def next(self) -> int | None:
        """When the next tick is due; None where there are no intervals."""
        return min((line.due for line in self._lines.values()), default=None)

    def begin(self, now: int) -> Tick:
        """Begin all that is due."""
        due = [each for each, line in self._lines.items() if line.due <= now]
        missed = 0
        for each in due:
            line = self._lines[each]
            ticks = (now - line.origin) // each
            missed += ticks - (line.due - line.origin) // each
            line.due = line.origin + (ticks + 1) * each
        return Tick(frozenset(due), missed)

    def again(self, intervals: Collection[int], at: int) -> None:
        """Try once more at a moment what failed, if it is not due before anyway."""
        for each in intervals:
            if line := self._lines.get(each):
                line.due = min(line.due, at)
