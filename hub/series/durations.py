"""ISO-8601 durations, and the buckets of time that one makes from a moment on.

A year is twelve calendar months; weeks and days are 7 and 1 times 24 hours, for all is UTC.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from hub.errors import BadParameter
from hub.series.grid import AFTER_ALL
from hub.series.levels import SECOND_MS

MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MONTHS = 12
MONTHS_MAX = 9999 * MONTHS
LENGTH_MAX_MS = 4_000_000 * DAY_MS
"""More than the calendar has."""
EPOCH = date(1970, 1, 1).toordinal()
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,9}))?S)?)?",
    re.ASCII,
)
_FRACTION_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Duration:
    """So many calendar months, and after them so many milliseconds; not both 0."""

    months: int
    ms: int


def duration(text: str) -> Duration:
    """A duration as ``PT1H``, ``P1D``, ``P1M``, ``P1Y6M``, ``P1W``, ``P1DT12H`` or ``PT0.5S``.

    Raises:
        BadParameter: no ISO-8601 duration, or one that is zero, negative, finer than a
            millisecond, longer than the calendar, or has a fraction of more than seconds.
    """
    found = _DURATION.fullmatch(text)
    if not found:
        _refuse("no ISO-8601 duration such as PT1H, P1D or P1M (only seconds have fractions)")
    *whole, fraction = found.groups(default="0")
    years, months, weeks, days, hours, minutes, seconds = map(int, whole)
    if fraction.rstrip("0")[_FRACTION_DIGITS:]:
        _refuse("finer than a millisecond")
    ms = int(fraction.ljust(_FRACTION_DIGITS, "0")[:_FRACTION_DIGITS])
    ms += (weeks * 7 + days) * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
    made = Duration(years * MONTHS + months, ms)
    if not made.months and not made.ms:
        _refuse("a step is longer than nothing")
    if made.months > MONTHS_MAX or made.ms > LENGTH_MAX_MS:
        _refuse("longer than the calendar")
    return made


def _refuse(why: str) -> NoReturn:
    raise BadParameter(f"step: {why}", parameter="step")


@dataclass(frozen=True, slots=True)
class Steps:
    """Buckets one after another, the first from ``from_ms`` on; ``start(n)`` grows with ``n``.

    The ``n``-th begins ``n`` durations after the first, not one after the ``n - 1``-th: months
    that begin on the 31st begin on the last day where a month is shorter.
    """

    from_ms: int
    length: Duration

    def start(self, number: int) -> int:
        """Where a bucket begins, ms; ``AFTER_ALL`` beyond the calendar."""
        at = self.from_ms
        if self.length.months:
            at = _months_later(at, number * self.length.months)
        return min(at + number * self.length.ms, AFTER_ALL)

    def number(self, at_ms: int) -> int:
        """The number of the bucket that holds a moment at or after ``from_ms``."""
        if not self.length.months:
            return (at_ms - self.from_ms) // self.length.ms
        least = self.length.months * 28 * DAY_MS + self.length.ms
        most = (at_ms - self.from_ms) // least + 1
        return bisect_right(range(most + 1), at_ms, key=self.start) - 1


def _months_later(at_ms: int, months: int) -> int:
    day, time = divmod(at_ms, DAY_MS)
    begun = date.fromordinal(day + EPOCH)
    year, month = divmod(begun.year * MONTHS + begun.month - 1 + months, MONTHS)
    if year > date.max.year:
        return AFTER_ALL
    last = monthrange(year, month + 1)[1]
    later = date(year, month + 1, min(begun.day, last))
    return (later.toordinal() - EPOCH) * DAY_MS + time
