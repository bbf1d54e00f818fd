"""Over which time streams are filled: back from now, or from one moment to another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.series.incoming import TIME_MAX_S

Span = timedelta | tuple[int, int]
"""Back from now, or first and last moment in ms."""
LATEST_MS = TIME_MAX_S * 1000


def between(text: str) -> tuple[int, int]:
    """The moments of ``yyyy-mm-ddThh:mm:ss yyyy-mm-ddThh:mm:ss``, UTC.

    Raises:
        ValueError: not two such moments, not in order, or outside 1970 to 2038-01-19.
    """
    first, last = (_moment(part) for part in text.split())
    if not 0 <= first <= last <= LATEST_MS:
        raise ValueError("out of order, or outside 1970 to 2038")
    return first, last


def moments(span: Span, interval_ms: int, now_ms: int) -> range:
    """The times in ms for which a span has datapoints, its ends included.

    Back from now they are whole multiples of the interval, so that those to come are in step;
    from one moment to another they begin with the first.

    Raises:
        ValueError: the span begins before 1970.
    """
    if not isinstance(span, timedelta):
        return range(span[0], span[1] + 1, interval_ms)
    last = now_ms - now_ms % interval_ms
    first = last - span // timedelta(milliseconds=1) // interval_ms * interval_ms
    if first < 0:
        raise ValueError("the span begins before 1970")
    return range(first, last + 1, interval_ms)


def after(times: range, latest: int | None) -> range:
    """Those of some times that are later than a moment."""
    if latest is None or latest < times.start:
        return times
    return times[(latest - times.start) // times.step + 1 :]


def next_tick(at_ms: int, interval_ms: int) -> int:
    """The first multiple of the interval after a moment."""
    return (at_ms // interval_ms + 1) * interval_ms


def _moment(text: str) -> int:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(at.timestamp()) * 1000
