"""What a reader asks of a stream: range, granularity, downsamplers, page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Draw = Literal["lttb", "m4"]
LIMIT_DEFAULT = 100
LIMIT_MAX = 10_000
DRAWN_DEFAULT = 1_000
"""Datapoints of a drawing, where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One request for datapoints, already well-formed.

    Times are whole seconds since 1970, UTC. ``start`` and ``end`` are inclusive; at most one of
    ``start`` and ``start_exclusive`` is set, and one of ``end`` and ``end_exclusive``.

    Attributes:
        granularity: a full name of ``levels.LEVELS`` or ``levels.CALENDAR``; None is the
            stream's highest.
        value_downsamplers, time_downsamplers: full names in the order asked; None is all.
        partial: include the still open bucket.
        tz: an IANA zone whose calendar days, weeks and months are the buckets.
        points: pick the finest granularity with at most so many points in the range.
        draw: reduce the raw datapoints of the range to ``points`` for drawing.
    """

    granularity: str | None = None
    start: int | None = None
    end: int | None = None
    start_exclusive: int | None = None
    end_exclusive: int | None = None
    value_downsamplers: tuple[str, ...] | None = None
    time_downsamplers: tuple[str, ...] | None = None
    reverse: bool = False
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    partial: bool = False
    tz: str | None = None
    points: int | None = None
    draw: Draw | None = None

    def chosen_values(self, had: Sequence[str]) -> list[str]:
        """The value downsamplers that are asked for, of those that there are."""
        return _among(self.value_downsamplers, had)

    def chosen_times(self, had: Sequence[str]) -> list[str]:
        """The time downsamplers that are asked for, of those that there are."""
        return _among(self.time_downsamplers, had)


def _among(asked: Sequence[str] | None, had: Sequence[str]) -> list[str]:
    return [name for name in had if asked is None or name in asked]
