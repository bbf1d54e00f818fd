"""Pages in order of ids that end early where what is in them is large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

PART: Final = 500
"""So many are in memory beyond what the page holds."""


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Pages:
    """Args: ``bytes_max`` is the size from which a page ends; it always has one thing."""

    bytes_max: int

    def page(
        self,
        found: Callable[[int, int], list[T]],
        size: Callable[[T], int],
        *,
        after: int,
        limit: int,
    ) -> tuple[list[T], bool]:
        """At most ``limit`` things, and whether there are more.

        Args:
            found: gives those behind an id in order of their ids, so many at most.
            size: of one in bytes, about.
        """
        taken: list[T] = []
        left = self.bytes_max
        while True:
            wanted = min(PART, limit + 1 - len(taken))
            part = found(taken[-1].id if taken else after, wanted)
            for each in part:
                if len(taken) == limit or (taken and left <= 0):
                    return taken, True
                taken.append(each)
                left -= size(each)
            if len(part) < wanted:
                return taken, False
