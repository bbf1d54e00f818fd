"""What of a poll is stored: everything, what changed, or what left a band about the last value."""

from __future__ import annotations

from typing import NamedTuple

from hub.values import Place

SECOND_MS = 1_000


class Kept(NamedTuple):
    """A value that was stored, or may be: its time in ms, itself, and whether it is uncertain."""

    at: int
    value: int | float
    uncertain: bool = False


def is_kept(place: Place, last: Kept | None, new: Kept) -> bool:
    """Whether a value is stored after ``last``, the one of its stream that was stored last.

    A change of quality always is, and so is the first value. The same thing read again, down
    to its time, never is. Where a place has a deadband, that alone says what a change is.
    """
    if last is None or new.uncertain is not last.uncertain:
        return True
    if new.at == last.at and new.value == last.value:
        return False
    if place.deadband is not None:
        if abs(new.value - last.value) > place.deadband:
            return True
    elif not place.on_change or new.value != last.value:
        return True
    return place.heartbeat_s is not None and new.at - last.at >= place.heartbeat_s * SECOND_MS
