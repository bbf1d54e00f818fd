"""Records of values and of statistics as the plant API names them: by an id that says which stream
and which moment, so that it needs no index of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import NotFound

FIELDS = ("count", "mean", "rms", "median", "min", "max", "q1", "q3")
"""What a record of statistics tells, in the order in which it is kept."""
_ID = re.compile(r"([1-9]\d{0,15})-(0|[1-9]\d{0,15})(?:-([1-9]\d{0,15}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Statistic:
    """What the values of a window come to, or what somebody said they do.

    Attributes:
        stream: the integer id.
        at: the window's start, or the moment that was posted; ms.
        length: the window's length in ms; None for a posted record.
        told: by names of ``FIELDS``; a posted record has those that were posted.
    """

    stream: int
    at: int
    length: int | None
    told: Mapping[str, float]

    @property
    def posted(self) -> bool:
        return self.length is None

    @property
    def id(self) -> str:
        return f"{self.stream}-{self.at}"


@dataclass(frozen=True, slots=True)
class Record:
    """One value. ``sequence`` counts the values of one instant (``at``, ms) from 0; ``uncertain``
    is one that its device was not sure of."""

    stream: int
    at: int
    sequence: int
    value: Any
    uncertain: bool = False

    @property
    def id(self) -> str:
        later = f"-{self.sequence}" if self.sequence else ""
        return f"{self.stream}-{self.at}{later}"


def parsed(text: str) -> tuple[int, int, int]:
    """Stream, moment (ms) and sequence of an id.

    Raises:
        NotFound: no id that was ever given.
    """
    found = _ID.fullmatch(text)
    if not found:
        raise NotFound("no such record", id=text[:64])
    stream, at, sequence = found.groups()
    return int(stream), int(at), int(sequence or 0)
