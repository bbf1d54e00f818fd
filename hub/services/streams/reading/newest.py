"""The newest of several streams' records, at a cost that follows how many are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar


class Dated(Protocol):
    """A record of a stream; of one instant, the higher sequence is the newer."""

    @property
    def stream(self) -> int: ...
    @property
    def at(self) -> int: ...


T = TypeVar("T", bound=Dated)


def newest(latest: Mapping[int, int], read: Callable[[int, int], list[T]], limit: int) -> list[T]:
    """So many records, newest first; of one moment, those of the higher stream first.

    Only streams that may have one of them are read.

    Args:
        latest: by stream, a moment (ms) that none of its records is after.
        read: the newest records of a stream, at most so many, newest first.
    """
    found: list[T] = []
    for stream in sorted(latest, key=lambda one: (latest[one], one), reverse=True):
        if len(found) == limit and _age(found[-1]) > (latest[stream], stream):
            break
        found = sorted([*found, *read(stream, limit)], key=_age, reverse=True)[:limit]
    return found


def _age(record: Dated) -> tuple[int, int]:
    return record.at, record.stream
