"""What a query string asks of the stream door: names long and short, defaults, first failure wins.

Messages are read by programs written against the original API; their wording is part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from hub.errors import BadParameter
from hub.series.levels import CALENDAR, level_of
from hub.series.names import TIME_LETTERS, VALUE_LETTERS, resolved
from hub.series.selection import LIMIT_DEFAULT, LIMIT_MAX, Draw, Selection
from hub.values import Stream

Query: TypeAlias = "MultiDict[str, str]"
T = TypeVar("T")

SHORT = {
    "granularity": "g",
    "start": "s",
    "end": "e",
    "start_exclusive": "sx",
    "end_exclusive": "ex",
    "value_downsamplers": "v",
    "time_downsamplers": "t",
    "reverse": "r",
    "limit": "l",
    "offset": "o",
}
TRUE = ("yes", "true", "t", "1", "y")
EARLIEST_S = -62_135_596_800
LATEST_S = 253_402_300_799
"""The first and the last second of the calendar: the years 1 to 9999."""
COUNT_MAX = 2**53
"""The largest offset: what every client's numbers, and the database's, hold exactly."""
PAGE_DEFAULT = 20
PAGE_MAX = 1000
POINTS_MAX = LIMIT_MAX
DRAWN_DEFAULT = 1000


def selection(args: Query, stream: Stream) -> Selection:
    """The datapoints that a request for a stream asks for.

    ``limit`` is cut to ``LIMIT_MAX``; where ``points`` or ``downsample`` say how many
    datapoints there are to be, that is its default.

    Raises:
        BadParameter: the first malformed parameter, in the order of the original's checks.
    """
    granularity = _given(args, "granularity", _granularity)
    start, end, start_exclusive, end_exclusive = _range(args)
    values = _given(args, "value_downsamplers", _value_names)
    times = _given(args, "time_downsamplers", _time_names)
    limit = _given(args, "limit", _limit)
    offset = _given(args, "offset", _offset)
    tz = _given(args, "tz", _zone)
    draw = _draw(args, stream)
    points = _points(args, granularity, draw)
    return Selection(
        granularity=granularity,
        start=start,
        end=end,
        start_exclusive=start_exclusive,
        end_exclusive=end_exclusive,
        value_downsamplers=values,
        time_downsamplers=times,
        reverse=_given(args, "reverse", _flag) or False,
        limit=min((points or LIMIT_DEFAULT) if limit is None else limit, LIMIT_MAX),
        offset=offset or 0,
        partial=_given(args, "partial", _flag) or False,
        tz=tz,
        points=points,
        draw=draw,
    )


def page(args: Query) -> tuple[int, int]:
    """The limit (in effect: 1 to ``PAGE_MAX``, which 0 stands for) and offset of a list.

    Raises:
        BadParameter: one is malformed.
    """
    limit = _given(args, "limit", _limit)
    offset = _given(args, "offset", _offset)
    return min(PAGE_DEFAULT if limit is None else limit or PAGE_MAX, PAGE_MAX), offset or 0


def _given(args: Query, name: str, read: Callable[[list[str]], T]) -> T | None:
    """A parameter under its long or its short name; None where it is not given.

    Raises:
        BadParameter: it is malformed, or given under both names with different values.
    """
    found = [read(texts) for texts in _texts(args, name)]
    if len(found) == 2 and found[0] != found[1]:
        message = f"'{name}' and '{SHORT[name]}' are given with different values."
        raise BadParameter(message, parameter=name)
    return found[0] if found else None


def _texts(args: Query, name: str) -> Iterator[list[str]]:
    names = (name, SHORT[name]) if name in SHORT else (name,)
    for known in names:
        if known in args:
            yield args.getlist(known)


def _range(args: Query) -> tuple[int | None, int | None, int | None, int | None]:
    start = _given(args, "start", _start)
    end = _given(args, "end", _end)
    start_exclusive = _given(args, "start_exclusive", _start)
    end_exclusive = _given(args, "end_exclusive", _end)
    if start is not None and start_exclusive is not None:
        raise BadParameter("Only one time range start can be specified.", parameter="start")
    if end is not None and end_exclusive is not None:
        raise BadParameter("Only one time range end can be specified.", parameter="end")
    return start, end, start_exclusive, end_exclusive


def _granularity(texts: list[str]) -> str:
    level = level_of(texts[-1])
    if level is not None:
        return level.name
    if texts[-1] in CALENDAR:
        return texts[-1]
    raise BadParameter(f"Invalid granularity: '{texts[-1]}'", parameter="granularity")


def _start(texts: list[str]) -> int:
    return _seconds(texts[-1], "start")


def _end(texts: list[str]) -> int:
    return _seconds(texts[-1], "end")


def _seconds(text: str, side: Literal["start", "end"]) -> int:
    at = _whole(text)
    if at is None or not EARLIEST_S <= at <= LATEST_S:
        raise BadParameter(f"Invalid time range {side} value: '{text}'", parameter=side)
    return at


def _whole(text: str) -> int | None:
    """What Python takes for an integer: signs, blanks around it, underscores between digits; but
    no digits of other scripts."""
    try:
        return int(text) if text.isascii() else None
    except ValueError:
        return None


def _value_names(texts: list[str]) -> tuple[str, ...]:
    return _names(texts, VALUE_LETTERS, "value")


def _time_names(texts: list[str]) -> tuple[str, ...]:
    return _names(texts, TIME_LETTERS, "time")


def _names(texts: list[str], letters: dict[str, str], kind: str) -> tuple[str, ...]:
    """Full names in the order asked, repeated ones kept."""
    names = []
    for text in texts:
        for part in text.split(","):
            name = resolved(part, letters)
            if name is None:
                message = f"Invalid {kind} downsampler: '{text}'"
                raise BadParameter(message, parameter=f"{kind}_downsamplers")
            names.append(name)
    return tuple(names)


def _flag(texts: list[str]) -> bool:
    return texts[-1].lower() in TRUE


def _limit(texts: list[str]) -> int:
    return _count(texts[-1], "limit", "a positive integer")


def _offset(texts: list[str]) -> int:
    return _count(texts[-1], "offset", "an integer")


def _count(text: str, name: str, wanted: str) -> int:
    count = _whole(text)
    if count is None or (name == "offset" and count > COUNT_MAX):
        message = f"Invalid {name} '{text}' provided. Please provide {wanted}."
    elif count < 0:
        message = f"Invalid {name} '{count}' provided. Please provide a positive integer >= 0."
    else:
        return count
    raise BadParameter(message, parameter=name)


def _zone(texts: list[str]) -> str:
    try:
        ZoneInfo(texts[-1])
    except (KeyError, ValueError, OSError) as exc:
        raise BadParameter(f"Invalid time zone: '{texts[-1]}'", parameter="tz") from exc
    return texts[-1]


def _draw(args: Query, stream: Stream) -> Draw | None:
    draw = _given(args, "downsample", _method)
    if draw and stream.value_type != "numeric":
        message = f"Only a numeric stream can be drawn; this one is {stream.value_type}."
        raise BadParameter(message, parameter="downsample")
    return draw


def _method(texts: list[str]) -> Draw:
    match texts[-1]:
        case "lttb" | "m4" as draw:
            return draw
        case unknown:
            raise BadParameter(f"Invalid downsample: '{unknown}'", parameter="downsample")


def _points(args: Query, granularity: str | None, draw: Draw | None) -> int | None:
    """How many datapoints are wanted; they choose the granularity, so none is named beside."""
    points = _given(args, "points", _point_count)
    if draw and points is None:
        points = DRAWN_DEFAULT
    if points is not None and granularity is not None:
        name = "downsample" if draw else "points"
        raise BadParameter(f"'{name}' takes no granularity.", parameter=name)
    return points


def _point_count(texts: list[str]) -> int:
    points = _whole(texts[-1])
    if points is None or not 1 <= points <= POINTS_MAX:
        wanted = f"an integer from 1 to {POINTS_MAX}"
        message = f"Invalid points '{texts[-1]}' provided. Please provide {wanted}."
        raise BadParameter(message, parameter="points")
    return points
