"""How much time one raw document of a stream covers."""

from __future__ import annotations

from collections.abc import Sequence

from hub.series.levels import SECOND_MS, SECONDS, level_of

_DAY_S = 86_400
WIDTHS_MS = tuple(
    seconds * SECOND_MS
    for seconds in (
        1, 10, 60, 600, 3_600, 21_600, _DAY_S, 10 * _DAY_S, 100 * _DAY_S, 1_000 * _DAY_S,
    )
)  # fmt: skip
"""The widths there are, ascending; each divides the next ones evenly."""
POINTS_WANTED = 200
INTERVAL_GUESSED_S = 5.0
"""What a stream in seconds is taken to send at, where nobody says."""


def first_width(interval_s: float | None, highest: str) -> int:
    """The width in ms of a new stream's raw documents: room for 200 datapoints, if there is one.

    Args:
        interval_s: seconds between datapoints, > 0; None where it is not known: then 5 s for a
            stream in seconds, and one datapoint a bucket for a coarser one.
        highest: the name of the stream's highest granularity.

    Raises:
        ValueError: no such granularity.
    """
    level = level_of(highest)
    if level is None:
        raise ValueError(f"no granularity {highest!r}")
    guessed_ms = level.width_ms if level is not SECONDS else INTERVAL_GUESSED_S * SECOND_MS
    interval_ms = guessed_ms if interval_s is None else interval_s * SECOND_MS
    wanted = POINTS_WANTED * interval_ms
    return next((width for width in WIDTHS_MS if width >= wanted), WIDTHS_MS[-1])


POINTS_LEAST, POINTS_MOST = 20, 2_000
"""A width is changed when a document would hold fewer or more. A large one costs: each datapoint
that is set is looked for among those that are there."""
ENOUGH = 50
"""Datapoints that tell a rate."""


def adapted(
    widths: Sequence[tuple[int, int]], points: int, first_ms: int, last_ms: int, from_ms: int
) -> tuple[tuple[int, int], ...] | None:
    """The widths with one more, if datapoints come at quite another rate than was thought.

    Args:
        widths: those in force, each with the moment (ms) from which it counts.
        points: how many datapoints there were from ``first_ms`` to ``last_ms``.
        from_ms: from when on the new width counts.

    Returns:
        None where the last width does well enough, or too little is known.
    """
    if points < ENOUGH or last_ms <= first_ms:
        return None
    current, span = widths[-1][1], last_ms - first_ms
    wanted = first_width(span / points / SECOND_MS, SECONDS.name)
    if wanted == current or POINTS_LEAST <= points * current / span <= POINTS_MOST:
        return None
    return (*widths, (from_ms, wanted))


def narrower(
    widths: Sequence[tuple[int, int]], full: int, start_ms: int
) -> tuple[tuple[int, int], ...] | None:
    """The widths with a narrower one from ``start_ms`` on, where documents of a width are full.

    None where there is no narrower one.
    """
    smaller = [width for width in WIDTHS_MS if width < full]
    if not smaller:
        return None
    later = [(since, min(width, smaller[-1])) for since, width in widths if since > start_ms]
    earlier = [pair for pair in widths if pair[0] <= start_ms]
    kept = [(start_ms, width) for since, width in widths if since > start_ms]
    return (*earlier, *kept, (start_ms, smaller[-1]), *later)
