"""The granularities of a stream: seven levels, fine to coarse, in buckets aligned to UTC.

Times inside ``hub.series`` are whole milliseconds since 1970-01-01T00:00:00Z (``int``), and
buckets are ``[start, start + width)``. Source: reference of the Datastream API, sections 1.4
and 3.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.values import Stream

SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Level:
    """One granularity. ``letter`` is its short form; ``rank`` grows from fine to coarse."""

    name: str
    letter: str
    width_ms: int
    rank: int

    def floor(self, at_ms: int) -> int:
        """The start of the bucket that holds a moment."""
        return at_ms - at_ms % self.width_ms

    def ceil(self, at_ms: int) -> int:
        """The first bucket start at or after a moment."""
        return -(-at_ms // self.width_ms) * self.width_ms


_NAMED = (
    ("seconds", "s", 1),
    ("10seconds", "S", 10),
    ("minutes", "m", 60),
    ("10minutes", "M", 600),
    ("hours", "h", 3600),
    ("6hours", "H", 21600),
    ("days", "d", 86400),
)
LEVELS = tuple(
    Level(name, letter, seconds * SECOND_MS, rank)
    for rank, (name, letter, seconds) in enumerate(_NAMED)
)
"""All seven, fine to coarse."""
SECONDS = LEVELS[0]
ROLLUPS = LEVELS[1:]
"""The levels that are stored downsampled, fine to coarse; each is built from the one before."""
CALENDAR = ("weeks", "months")
"""Granularities beyond the seven, which follow a time zone's calendar (weeks begin on Monday)."""

_BY_TEXT = {text: level for level in LEVELS for text in (level.name, level.letter)}


def level_of(text: str) -> Level | None:
    """The level of a full name or a letter, matched exactly; None where there is none."""
    return _BY_TEXT.get(text)


def first_rollup(highest: Level) -> Level | None:
    """The finest level that a stream of this highest granularity is downsampled to, if any."""
    return LEVELS[highest.rank + 1] if highest.rank + 1 < len(LEVELS) else None


def highest_of(stream: Stream) -> Level:
    """The level that holds a stream's raw datapoints."""
    return next(level for level in LEVELS if level.name == stream.highest)
