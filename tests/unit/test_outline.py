"""Points and areas: sides, corners, holes, islands, and the same answer as plain arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.services.observing.outline import Outline

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]
ISLAND = [[20, 0], [22, 0], [22, 2], [20, 2], [20, 0]]
LAKE_ISLAND = [[4.5, 4.5], [5.5, 4.5], [5.5, 5.5], [4.5, 5.5], [4.5, 4.5]]


def polygon(*rings: list[Any]) -> Outline:
    return Outline({"type": "Polygon", "coordinates": list(rings)})


def many(*polygons: list[Any]) -> Outline:
    return Outline({"type": "MultiPolygon", "coordinates": list(polygons)})


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((5, 1), True),
        ((-1, 5), False),
        ((11, 5), False),
        ((5, 11), False),
        ((5, -1), False),
        ((0, 0), True),
        ((10, 10), True),
        ((5, 0), True),
        ((5, 10), True),
        ((0, 5), True),
        ((10, 5), True),
        ((10.000001, 5), False),
        ((9.999999, 5), True),
        ((-1, 0), False),
        ((-1, 10), False),
        ((11, 10), False),
    ],
)
@pytest.mark.parametrize("ring", [SQUARE, SQUARE[::-1]], ids=["left", "right"])
def test_a_square(ring: list[Any], point: tuple[float, float], inside: bool) -> None:
    assert polygon(ring).holds(*point) is inside


@pytest.mark.parametrize(
    ("point", "inside"),
    [((5, 5), False), ((4, 5), True), ((4, 4), True), ((3.9, 5), True), ((4.1, 5), False)],
)
@pytest.mark.parametrize("hole", [HOLE, HOLE[::-1]], ids=["left", "right"])
def test_a_hole_is_outside_and_its_sides_are_inside(
    hole: list[Any], point: tuple[float, float], inside: bool
) -> None:
    assert polygon(SQUARE, hole).holds(*point) is inside


@pytest.mark.parametrize(
    ("point", "inside"),
    [((21, 1), True), ((15, 1), False), ((5, 5), True), ((4.2, 5), False), ((1, 1), True)],
)
def test_islands_also_in_a_lake(point: tuple[float, float], inside: bool) -> None:
    assert many([SQUARE, HOLE], [ISLAND], [LAKE_ISLAND]).holds(*point) is inside


def test_where_two_parts_overlap_is_inside() -> None:
    other = [[5, 5], [15, 5], [15, 15], [5, 15], [5, 5]]
    both = many([SQUARE], [other[::-1]])
    assert all(both.holds(*point) for point in [(7, 7), (1, 1), (14, 14)])
    assert not both.holds(14, 1)


def test_a_parallel_is_a_parallel_and_no_great_circle() -> None:
    west = polygon([[-114, 49], [-95, 49], [-95, 60], [-114, 60], [-114, 49]])
    assert west.holds(-104.5, 49.001)
    assert west.holds(-104.5, 49)
    assert not west.holds(-104.5, 48.999)
    assert west.holds(-104.5, 59.999)
    assert not west.holds(-104.5, 60.001)


def test_a_flat_ring_holds_its_line() -> None:
    flat = polygon([[0, 0], [5, 0], [10, 0], [0, 0]])
    assert flat.holds(3, 0)
    assert not flat.holds(3, 0.1)


def test_heights_do_not_matter() -> None:
    assert polygon([[*position, 7] for position in SQUARE]).holds(5, 5)


def plainly(ring: list[tuple[int, int]], x: Fraction, y: Fraction) -> bool:
    """The even-odd rule in exact numbers; right for rings that do not cross themselves."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * Fraction(x2 - x1, y2 - y1):
            inside = not inside
    return inside


GRID = st.integers(-160, 160)


@given(
    tops=st.lists(st.integers(1, 80), min_size=2, max_size=60),
    bottoms=st.lists(st.integers(-80, 0), min_size=60, max_size=60),
    x=GRID,
    y=GRID,
)
def test_any_outline_agrees_with_exact_arithmetic(
    tops: list[int], bottoms: list[int], x: int, y: int
) -> None:
    upper = list(enumerate(tops))
    lower = list(enumerate(bottoms[: len(tops)]))
    ring = [*lower, *reversed(upper), lower[0]]
    outline = polygon([list(position) for position in ring])
    assert outline.holds(x / 4, y / 4) is plainly(ring, Fraction(x, 4), Fraction(y, 4))
