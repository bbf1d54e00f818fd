"""Pages in order of ids: how many things, how large, and whether there are more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.services.plant.pages import PART, Pages


@dataclass(frozen=True)
class Thing:
    id: int


THINGS = [Thing(each) for each in range(1, 2 * PART + 11)]


def found(after: int, limit: int) -> list[Thing]:
    assert 1 <= limit <= PART
    return THINGS[after : after + limit]


@pytest.mark.parametrize(
    ("after", "limit", "bytes_max", "count", "more"),
    [
        (0, 10, 1_000_000, 10, True),
        (0, PART, 1_000_000, PART, True),
        (0, PART + 1, 1_000_000, PART + 1, True),
        (0, 10_000, 1_000_000, len(THINGS), False),
        (0, len(THINGS), 1_000_000, len(THINGS), False),
        (len(THINGS) - 3, 3, 1_000_000, 3, False),
        (len(THINGS), 3, 1_000_000, 0, False),
        (0, 10, 45, 5, True),
        (0, 10, 0, 1, True),
        (0, 10_000, 10 * PART, PART, True),
        (len(THINGS) - 5, 10, 45, 5, False),
    ],
)
def test_a_page(after: int, limit: int, bytes_max: int, count: int, more: bool):
    page = Pages(bytes_max).page(found, lambda _: 10, after=after, limit=limit)
    assert page == (THINGS[after : after + count], more)
