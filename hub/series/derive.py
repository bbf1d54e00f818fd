"""Derived streams: the operators, and how far a change of a source reaches.

Every operator is a pure function from the datapoints of the sources to those of the derived
stream. Whoever keeps a derived stream asks ``affected`` which window a change makes stale, reads
the sources over it with what ``NEEDS`` adds before it, and puts what ``derived`` answers in the
place of the derived datapoints of exactly that window: the result is the same as of computing
everything at once. Source: reference of the Datastream API, section 3.7.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.series.levels import SECOND_MS

Window = tuple[int, int]
"""A closed range of times, in milliseconds."""
Neighbour = Literal["nothing", "point", "value"]
"""No datapoint, the nearest one (null or not), or the nearest one that is not null."""


@dataclass(frozen=True, slots=True)
class Track:
    """Datapoints of one stream: times in milliseconds, ascending, and as many values.

    Equal times stand in the order of arrival. A value is None for a null, else a number; of
    nominal streams, anything.
    """

    at: Sequence[int]
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Derived(Track):
    """What an operator made of a window. ``skipped`` counts values no time after the one before."""

    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Needs:
    """What an operator looks at beyond a window, and how far beyond a change it is seen.

    Attributes:
        before: the datapoint before the window that must be read, the last to arrive of its
            time. The other sources are read from its time on; where there is none, from the
            beginning of the window on.
        after: the datapoint after a change up to whose time the derived datapoints are stale.
        source: the position of the source whose datapoints these are.
        whole_buckets: a window is made of whole buckets of the derived stream's highest level.
    """

    before: Neighbour
    after: Neighbour
    source: int = 0
    whole_buckets: bool = False


NEEDS: Final[dict[str, Needs]] = {
    "sum": Needs("nothing", "nothing", whole_buckets=True),
    "derivative": Needs("point", "point"),
    "counter_reset": Needs("value", "value"),
    "counter_derivative": Needs("point", "point", source=1),
}
"""All operators by name."""


def affected(op: str, changed: Window, following: int | None, level_width_ms: int) -> Window:
    """The window of derived datapoints that are stale once sources changed in another window.

    Args:
        op: a name of ``NEEDS``.
        changed: the times of the source datapoints that were added, altered or removed.
        following: the time of the datapoint after ``changed`` that ``NEEDS[op].after`` asks for;
            None where it asks for nothing or there is no such datapoint.
        level_width_ms: the bucket width of the derived stream's highest level.
    """
    first, last = changed
    if NEEDS[op].whole_buckets:
        return first - first % level_width_ms, last - last % level_width_ms + level_width_ms - 1
    return first, last if following is None else following


def derived(
    op: str,
    tracks: Sequence[Track],
    args: Mapping[str, Any],
    window: Window,
    level_width_ms: int,
) -> Derived:
    """The derived datapoints of a window.

    Args:
        op: a name of ``NEEDS``, which says what each operator wants of window and tracks.
        tracks: the sources in the order of the derivation, each with all its datapoints in the
            window and with those before it that the operator needs. More on either side changes
            nothing.
        args: the operator's arguments; only ``max_value`` of ``counter_derivative`` is known.
        level_width_ms: the bucket width of the derived stream's highest level.

    Raises:
        ValueError: the operator takes another number of sources, or whole buckets only.
    """
    first, last = window
    if NEEDS[op].whole_buckets and (first % level_width_ms or (last + 1) % level_width_ms):
        raise ValueError(f"{op} is computed over whole buckets")
    at: list[int] = []
    values: list[Any] = []
    skipped = 0
    sources = [_until(track, last) for track in tracks]
    for moment, value in _OPERATORS[op](sources, args, level_width_ms):
        if moment < first:
            continue
        if value is _NO_TIME:
            skipped += 1
        else:
            at.append(moment)
            values.append(value)
    return Derived(at, values, skipped)


_Point = tuple[int, Any]
_NO_TIME: Final = object()
"""Stands for the value of a derived datapoint that would divide by no time."""
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def _until(track: Track, last: int) -> Track:
    end = bisect_right(track.at, last)
    return track if end == len(track.at) else Track(track.at[:end], track.values[:end])


def _points(track: Track) -> Iterator[_Point]:
    return zip(track.at, track.values, strict=True)


def _sum(
    sources: Sequence[Track], args: Mapping[str, Any], level_width_ms: int
) -> Iterator[_Point]:
    """The sum of each bucket in which every source has a datapoint, at the bucket's start.

    Of several datapoints of a source in one bucket the last counts, null or not. Nulls add
    nothing; where all are null, so is the sum.
    """
    buckets = [
        {at - at % level_width_ms: value for at, value in _points(track)} for track in sources
    ]
    one, *others = buckets
    shared = set(one).intersection(*others)
    for start in one:
        if start in shared:
            values = [bucket[start] for bucket in buckets]
            known = [value for value in values if value is not None]
            yield start, _total(known) if known else None


def _total(values: Sequence[float]) -> float:
    """Exact for integers, a float only where 64 bits cannot hold it; else rounded once."""
    total = sum(values)
    if isinstance(total, int):
        return total if _INT64_MIN <= total <= _INT64_MAX else float(total)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond a float on the way, or infinities that oppose
        return total


def _derivative(
    sources: Sequence[Track], args: Mapping[str, Any], level_width_ms: int
) -> Iterator[_Point]:
    (data,) = sources
    return _rates(data, lambda earlier, later: later[1] - earlier[1])


def _rates(data: Track, change: Callable[[_Point, _Point], float | None]) -> Iterator[_Point]:
    """The change per second between neighbours, at the time of the later one.

    A null is passed on, and what follows it is a first value again. ``change`` answers None
    where nothing can be said. Of values at one time the last is what the next is compared with.
    """
    earlier: _Point | None = None
    for later in _points(data):
        at, value = later
        if value is None:
            yield at, None
            earlier = None
            continue
        if earlier is not None and at == earlier[0]:
            yield at, _NO_TIME
        elif earlier is not None:
            difference = change(earlier, later)
            if difference is not None:
                yield at, difference / ((at - earlier[0]) / SECOND_MS)
        earlier = later


def _counter_reset(
    sources: Sequence[Track], args: Mapping[str, Any], level_width_ms: int
) -> Iterator[_Point]:
    """A 1 wherever the value is below the one before; nulls do not count."""
    (data,) = sources
    before: Any = None
    for at, value in _points(data):
        if value is None:
            continue
        if before is not None and value < before:
            yield at, 1
        before = value


def _counter_derivative(
    sources: Sequence[Track], args: Mapping[str, Any], level_width_ms: int
) -> Iterator[_Point]:
    """The rate of a counter, whose resets (any value but null) the first source tells.

    Nothing is said across a reset: one after the earlier value, up to the time of the later. A
    fall without one is a reset too, unless ``max_value`` is given: then the counter ran over.
    """
    events, data = sources
    resets = [at for at, value in _points(events) if value is not None]
    max_value: float | None = args.get("max_value")

    def change(earlier: _Point, later: _Point) -> float | None:
        if bisect_right(resets, later[0]) > bisect_right(resets, earlier[0]):
            return None
        old: float = earlier[1]
        new: float = later[1]
        if new >= old:
            return new - old
        return None if max_value is None else max_value - old + new

    return _rates(data, change)


_OPERATORS: Final[
    dict[str, Callable[[Sequence[Track], Mapping[str, Any], int], Iterator[_Point]]]
] = {
    "sum": _sum,
    "derivative": _derivative,
    "counter_reset": _counter_reset,
    "counter_derivative": _counter_derivative,
}
