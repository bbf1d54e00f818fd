"""Whose turn it is: the streams of which something may have become too old since the last look."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hub.services.retention.policies import effective
from hub.store.streams.retention import Limits

PART, LATEST_MS = 20, 3_600_000
"""A stream's next turn comes when what is left of it may be older than its limit by a part of
that, or by so much at most."""


@dataclass(slots=True)
class Turn:
    """A stream's limits, when (ms) it is to be looked at again, and the floors down to which this
    process has been."""

    limits: Limits
    again: int = 0
    floors: Limits = field(default_factory=dict)

    def risen(self, wanted: Limits) -> Limits:
        """The floors that are others than these."""
        return {kind: floor for kind, floor in wanted.items() if self.floors.get(kind) != floor}


class Turns:
    """What one process knows. Another one begins anew, and so does a stream with other limits."""

    def __init__(self) -> None:
        self._known: dict[int, Turn] = {}
        self._first = 0

    def due(
        self, ids: Sequence[int], common: Limits, own: Mapping[int, Limits], now_ms: int
    ) -> list[int]:
        """Which of all streams are to be looked at, beginning behind the latest that were.

        Args:
            ids: ascending.
            common, own: the limits of all streams, and those of some, by stream.
        """
        known, due = self._known, list[int]()
        self._known = {}
        for number in ids:
            if limits := effective(common, own.get(number, {})):
                turn = known.get(number)
                if turn is None or turn.limits != limits:
                    turn = Turn(limits)
                self._known[number] = turn
                if turn.again <= now_ms:
                    due.append(number)
        return [n for n in due if n >= self._first] + [n for n in due if n < self._first]

    def of(self, stream: int) -> Turn:
        return self._known[stream]

    def begin(self, stream: int) -> None:
        """A run that breaks off now is to go on here."""
        self._first = stream

    def done(self, stream: int, floors: Limits, now_ms: int, *, left: Collection[str]) -> None:
        """Note that what is below these floors is gone, but for the kinds that are left."""
        turn = self._known[stream]
        turn.floors |= {kind: floor for kind, floor in floors.items() if kind not in left}
        soonest = min(min(limit // PART, LATEST_MS) for limit in turn.limits.values())
        turn.again = now_ms + (0 if left else soonest)
