"""Values as JSON text, a stretch at a time: what makes a range of very many fast.

A row is a few pieces of text, of which most are ready; no object is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.api.formats import Columns, Format, dumps
from hub.series.levels import SECOND_MS
from hub.series.parts import IntArray
from hub.services.records.stretches import STRETCH_FIELD, Stretch
from hub.values import Batch

DAY_S = 86_400
Texts = NDArray[np.object_]
Column = list[bytes]
"""A piece of each row."""


def _texts(pieces: Iterable[bytes]) -> Texts:
    return np.array(list(pieces), np.object_)


BETWEEN = b"},{"
_END = b'","value":'
UNCERTAIN = b',"quality":"uncertain"'
_MINUTES = _texts(b"T%02d:%02d:" % divmod(minute, 60) for minute in range(DAY_S // 60))
_SECONDS = _texts(b"%02d" % second for second in range(60))
_REST = _texts([b"Z" + _END, *(b".%03dZ" % rest + _END for rest in range(1, SECOND_MS))])
_WITHIN = (b'"', b"{", b"[")
"""What stands in the text of values that are not plain numbers."""


@cache
def _clock() -> Texts:
    """The text of every whole second of a day."""
    day = range(DAY_S)
    return _texts(b"T%02d:%02d:%02dZ" % (s // 3600, s // 60 % 60, s % 60) + _END for s in day)


@dataclass(frozen=True, slots=True)
class _Days:
    """The data streams and days of a stretch in pairs, and which of these each row has; of a single
    one only how many there are."""

    pairs: Sequence[tuple[int, bytes]]
    which: IntArray

    def texts(self, make: Callable[[int, bytes], bytes]) -> Column:
        ready = [make(*pair) for pair in self.pairs]
        return ready * len(self.which) if len(ready) == 1 else _chosen(_texts(ready), self.which)


Begin = Callable[[Stretch, _Days], list[Column]]
"""The columns of text up to the date of the timestamp."""


def plain(_stretch: Stretch, days: _Days) -> list[Column]:
    """``{"data": 10, "timestamp": "2026-04-28``"""
    return [days.texts(lambda stream, date: b'},{"data":%d,"timestamp":"%b' % (stream, date))]


def with_id(stretch: Stretch, days: _Days) -> list[Column]:
    """``{"id": "10-1777377600000", "data": 10, "timestamp": "2026-04-28``"""
    columns = [
        days.texts(lambda stream, _: b'},{"id":"%d-' % stream),
        dumps(stretch.at.tolist())[1:-1].split(b","),
        days.texts(lambda stream, date: b'","data":%d,"timestamp":"%b' % (stream, date)),
    ]
    if any(stretch.sequence):
        columns.insert(2, [b"-%d" % one if one else b"" for one in stretch.sequence])
    return columns


def form(begin: Begin) -> Format:
    """One JSON array of rows that begin so; it is closed only after the last."""

    def chunks(batches: Iterable[Batch], _columns: Columns | None) -> Iterator[bytes]:
        before = b"[{"
        for batch in batches:
            for row in batch.rows:
                if len(row[STRETCH_FIELD]):
                    yield rows(row[STRETCH_FIELD], begin, before)
                    before = BETWEEN
        yield b"}]" if before is BETWEEN else b"[]"

    return Format("json", "application/json", chunks)


PLAIN, WITH_ID = form(plain), form(with_id)


def rows(stretch: Stretch, begin: Begin, before: bytes) -> bytes:
    """The rows of a stretch that has some, up to the last brace; ``before`` the first of them."""
    seconds = stretch.at // SECOND_MS
    columns = begin(stretch, _days(stretch.streams, seconds // DAY_S))
    columns += _times(seconds % DAY_S, stretch.at % SECOND_MS)
    columns.append(_values(stretch))
    pieces = [b""] * (len(stretch) * len(columns))
    for index, column in enumerate(columns):
        pieces[index :: len(columns)] = column
    pieces[0] = before + pieces[0].removeprefix(BETWEEN)
    return b"".join(pieces)


def _days(streams: IntArray, day: IntArray) -> _Days:
    """Of rows in order of time."""
    if day[0] == day[-1] and (streams == streams[0]).all():
        return _Days([(int(streams[0]), _dates(day[:1])[0])], day)
    days, which = np.unique(day, return_inverse=True)
    ids, owner = np.unique(streams, return_inverse=True)
    dates = _dates(days)
    codes, each = np.unique(owner * len(dates) + which, return_inverse=True)
    pairs = [(int(ids[one // len(dates)]), dates[one % len(dates)]) for one in codes.tolist()]
    return _Days(pairs, each)


def _dates(days: IntArray) -> list[bytes]:
    return [text.encode() for text in np.datetime_as_string(days.astype("datetime64[D]"))]


def _times(second: IntArray, rest: IntArray) -> list[Column]:
    """From the date to the value: milliseconds only where there are some."""
    if not rest.any():
        return [_chosen(_clock(), second)]
    minutes, seconds = _chosen(_MINUTES, second // 60), _chosen(_SECONDS, second % 60)
    return [minutes, seconds, _chosen(_REST, rest)]


def _chosen(texts: Texts, which: IntArray) -> Column:
    found: Column = texts[which].tolist()
    return found


def _values(stretch: Stretch) -> Column:
    column = _plain(stretch.values)
    for index in stretch.uncertain:
        column[index] += UNCERTAIN
    return column


def _plain(values: list[Any]) -> Column:
    text = dumps(values)[1:-1]
    if not any(mark in text for mark in _WITHIN):
        return text.split(b",")
    return [dumps(value) for value in values]
