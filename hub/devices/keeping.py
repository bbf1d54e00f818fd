"""What of a poll is stored: everything, what changed, or what left a band about the last value."""

from __future__ import annotations

from typing import NamedTuple

from hub.values import Place

SECOND_MS = 1_000


class Kept(NamedTuple):
    """A value that was stored, or may be: its time in ms, itself, and whether it is uncertain.

    ``seen`` is when it was looked at, where ``at`` is older: when it came to be.
    """

    at: int
    value: int | float
    uncertain: bool = False
    seen: int | None = None

    @property
    def looked(self) -> int:
        return self.at if self.seen is None else self.seen


def is_kept(place: Place, last: Kept | None, new: Kept) -> bool:
    """Whether a value is stored after ``last``, the one of its stream that was stored last.

    A change of quality always is, and so is the first value. The same thing read again, down
    to its time, is at most a heartbeat. Where a place has a deadband, that alone says what a
    change is.
    """
    if last is None or new.uncertain is not last.uncertain:
        return True
    beat_ms = None if place.heartbeat_s is None else place.heartbeat_s * SECOND_MS
    is_beat = beat_ms is not None and new.looked - last.looked >= beat_ms
    if is_same(last, new):
        return is_beat and new.looked > new.at
    if place.deadband is not None:
        if abs(new.value - last.value) > place.deadband:
            return True
    elif not place.on_change or new.value != last.value:
        return True
    return is_beat


def is_same(last: Kept, new: Kept) -> bool:
    """Whether it is the same thing read again: nothing new came to be."""
    return new.at == last.at and new.value == last.value
