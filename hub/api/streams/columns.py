"""The columns of datapoints in CSV: known from what was asked, so that every page has the same."""

from __future__ import annotations

from collections.abc import Iterable

from hub.series.levels import level_of
from hub.series.names import TIME_LETTERS, VALUE_LETTERS
from hub.series.selection import Selection
from hub.values import Stream

RAW = ("t", "v")


def columns(stream: Stream, selection: Selection, granularity: str) -> tuple[str, ...]:
    """``t`` and ``v`` of raw datapoints, else ``t.a``, ``v.m`` and so on, by letter.

    ``granularity`` is the one in effect; a finer one than the stream's highest is raw too. A
    downsampler that the stream does not have is a column without values.
    """
    asked, highest = level_of(granularity), level_of(stream.highest)
    if asked and highest and asked.rank <= highest.rank:
        return RAW
    times = _or(selection.time_downsamplers, stream.time_downsamplers)
    values = _or(selection.value_downsamplers, stream.value_downsamplers)
    return (*_letters("t", times, TIME_LETTERS), *_letters("v", values, VALUE_LETTERS))


def _or(asked: tuple[str, ...] | None, every: tuple[str, ...]) -> tuple[str, ...]:
    return every if asked is None else asked


def _letters(key: str, names: Iterable[str], letters: dict[str, str]) -> list[str]:
    return [f"{key}.{letter}" for letter in sorted({letters[name] for name in names})]
