"""Rests between the runs of a job that has much to do, so that it leaves room for others."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

RESTS = 3.0
"""So many times as long as the work took is the rest after it."""
REST_MAX_S = 60.0


class Paced:
    """A job that is at work for a quarter of the time at most, as long as its rests are not cut.

    A run that is False has left something to do: the next one goes on at once, and the rest comes
    when all is done. Called while it rests it does nothing, and returns None. What takes
    milliseconds rests for milliseconds: nobody sees it.
    """

    def __init__(
        self, run: Callable[[int], object], clock: Callable[[], float] = monotonic
    ) -> None:
        self._run = run
        self._clock = clock
        self._worked_s = 0.0
        self._rests_until = 0.0

    def __call__(self, fence: int) -> object:
        begun = self._clock()
        if begun < self._rests_until:
            return None
        done = self._run(fence)
        ended = self._clock()
        self._worked_s += ended - begun
        if done is not False:
            self._rests_until = ended + min(RESTS * self._worked_s, REST_MAX_S)
            self._worked_s = 0.0
        return done
