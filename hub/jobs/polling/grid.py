"""When a device is to be read: pure. Times are whole milliseconds of some steady clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GOLDEN = 0.618_033_988_75
"""Its multiples, without their whole parts, lie evenly wherever one stops."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What was begun: the intervals that were due, and how many ticks of them were missed."""

    intervals: frozenset[int]
    missed: int


class Grid:
    """The ticks of several intervals, all of which have one in common now and then.

    A tick that could not begin before the next one of its interval was due is missed.

    Args:
        intervals: in ms, each at least 1.
        number: devices of other numbers have their ticks at other moments.
        now: no tick is before.
    """

    def __init__(self, intervals: Iterable[int], number: int, now: int) -> None:
        self._due: dict[int, int] = {}
        self._number = number
        self.alter(intervals, now)

    def alter(self, intervals: Iterable[int], now: int) -> None:
        """Other intervals from now on; those that stay keep their ticks."""
        wanted = set(intervals)
        origin = self._origin(wanted)
        self._due = {
            each: self._due.get(each, now + (origin - now) % each) for each in sorted(wanted)
        }

    @property
    def next(self) -> int | None:
        """When the next tick is due; None where there are no intervals."""
        return min(self._due.values(), default=None)

    def begin(self, now: int) -> Tick:
        """Begin all that is due."""
        due = [each for each, at in self._due.items() if at <= now]
        missed = 0
        for each in due:
            late = (now - self._due[each]) // each
            missed += late
            self._due[each] += (late + 1) * each
        return Tick(frozenset(due), missed)

    def _origin(self, intervals: set[int]) -> int:
        return int(self._number * GOLDEN % 1 * min(intervals, default=0))
