"""Whether a point lies in an area: plane geometry in degrees of longitude and latitude.

Sides are straight in degrees, as GeoJSON (RFC 7946) has them: the 49th parallel drawn by two
positions is that parallel. On the sphere it would run north of it, by kilometres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE = 1e-9
"""Degrees: a point so near to a side lies on it, and counts as inside."""
SIDES_PER_BAND = 8
BANDS_MAX = 4_096

Floats = NDArray[np.float64]


class Outline:
    """A GeoJSON Polygon or MultiPolygon, checked. Holes are outside, their sides inside.

    Rings may run either way. The sides are kept by bands of latitude, so that a point is
    compared with few of them.
    """

    def __init__(self, geometry: Mapping[str, Any]) -> None:
        single = geometry["type"] == "Polygon"
        polygons = [geometry["coordinates"]] if single else geometry["coordinates"]
        sides = [_sides(ring, place == 0) for rings in polygons for place, ring in enumerate(rings)]
        self._sides: Floats = np.concatenate(sides)
        heights = self._sides[:, (1, 3)]
        self._west, self._east = float(self._sides[:, 0].min()), float(self._sides[:, 0].max())
        self._south, self._north = float(heights.min()), float(heights.max())
        self._bands = min(BANDS_MAX, 1 + len(self._sides) // SIDES_PER_BAND)
        low, high = self._band(heights.min(axis=1) - EDGE), self._band(heights.max(axis=1) + EDGE)
        counts = high - low + 1
        side = np.repeat(np.arange(len(self._sides)), counts)
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        band = np.arange(len(side)) - starts + np.repeat(low, counts)
        order = np.argsort(band, kind="stable")
        self._order = side[order]
        self._starts = np.searchsorted(band[order], np.arange(self._bands + 1))

    def _band(self, latitude: Floats) -> NDArray[np.int64]:
        height = (self._north - self._south) or 1.0
        place = np.floor((latitude - self._south) / height * self._bands)
        return np.clip(place, 0, self._bands - 1).astype(np.int64)

    def holds(self, longitude: float, latitude: float) -> bool:
        """Whether a point is inside or on a side. Degrees, longitude within ±180."""
        if not (
            self._west - EDGE <= longitude <= self._east + EDGE
            and self._south - EDGE <= latitude <= self._north + EDGE
        ):
            return False
        band = int(self._band(np.array([latitude]))[0])
        near = self._order[self._starts[band] : self._starts[band + 1]]
        return _holds(self._sides[near], longitude, latitude)


def _holds(sides: Floats, x: float, y: float) -> bool:
    x1, y1, x2, y2 = sides.T
    left_of = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
    beside = (
        (np.minimum(x1, x2) - EDGE <= x)
        & (x <= np.maximum(x1, x2) + EDGE)
        & (np.minimum(y1, y2) - EDGE <= y)
        & (y <= np.maximum(y1, y2) + EDGE)
    )
    if bool((beside & (np.abs(left_of) <= EDGE * np.hypot(x2 - x1, y2 - y1))).any()):
        return True
    upward = (y1 <= y) & (y < y2) & (left_of > 0)
    downward = (y2 <= y) & (y < y1) & (left_of < 0)
    return int(upward.sum()) > int(downward.sum())


def _sides(ring: Sequence[Sequence[float]], outer: bool) -> Floats:
    """A ring's sides, as x1, y1, x2, y2: the area of an outer one is to the left, else right."""
    sides = np.array([(*a[:2], *b[:2]) for a, b in pairwise(ring)], dtype=np.float64)
    x1, y1, x2, y2 = sides.T
    counterclockwise = float(((x2 - x1) * (y2 + y1)).sum()) < 0
    return sides if counterclockwise == outer else sides[::-1, (2, 3, 0, 1)]
