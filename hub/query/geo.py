"""Operands of the geo operators: GeoJSON and legacy shapes, with few enough positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hub.query.refusal import Path, bad, over
from hub.query.walk import Walk

_NEST: Final[dict[str, int]] = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many arrays deep the positions of a geometry stand."""
_AREAS: Final = frozenset({"Polygon", "MultiPolygon"})


def is_number(value: object) -> bool:
    """Whether a decoded leaf is a plain number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_within(walk: Walk, value: Any, path: Path) -> None:
    """The operand of ``$geoWithin``: one area."""
    if not isinstance(value, dict) or len(value) != 1:
        raise bad("$geoWithin takes one shape", path, "$geoWithin")
    ((shape, operand),) = value.items()
    check = SHAPES.get(shape)
    if check is None:
        raise bad(f"{shape[:64]} is no shape of $geoWithin", (path, shape), shape)
    check(walk, operand, (path, shape))


def check_intersects(walk: Walk, value: Any, path: Path) -> None:
    """The operand of ``$geoIntersects``: any one geometry."""
    if not isinstance(value, dict) or set(value) != {"$geometry"}:
        raise bad("$geoIntersects takes {$geometry: …}", path, "$geoIntersects")
    _geometry(walk, value["$geometry"], (path, "$geometry"), frozenset(_NEST))


def _geometry(walk: Walk, value: Any, path: Path, types: frozenset[str]) -> None:
    if not isinstance(value, dict) or set(value) != {"type", "coordinates"}:
        raise bad("a geometry has a type and coordinates, and nothing else", path, "$geometry")
    kind = value["type"]
    if not isinstance(kind, str) or kind not in types:
        allowed = ", ".join(sorted(types))
        raise bad(f"the type of the geometry must be one of {allowed}", path, "$geometry")
    coordinates = (path, "coordinates")
    rings = [value["coordinates"]]
    for _ in range(_NEST[kind]):
        if not all(isinstance(ring, list) and ring for ring in rings):
            raise bad(f"the coordinates are not those of a {kind}", coordinates, "$geometry")
        if kind in _AREAS and _is_ring(rings[0]):
            _closed(rings, coordinates)
        rings = [part for ring in rings for part in ring]
    _positions(walk, rings, coordinates, earth=True)
    if kind == "LineString" and len(rings) < 2:
        raise bad("a line has two positions or more", coordinates, "$geometry")


def _is_ring(value: Any) -> bool:
    return isinstance(value[0], list) and bool(value[0]) and is_number(value[0][0])


def _closed(rings: list[Any], path: Path) -> None:
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise bad("a ring has four positions or more, and ends where it begins", path, "$geometry")


def _positions(walk: Walk, positions: list[Any], path: Path, *, earth: bool) -> None:
    if len(positions) > walk.limits.geo_points_max:
        raise over("geo_points_max", walk.limits.geo_points_max, path)
    for position in positions:
        _position(position, path, earth=earth)


def _position(value: Any, path: Path, *, earth: bool) -> None:
    if not isinstance(value, list) or len(value) != 2 or not all(map(is_number, value)):
        raise bad("a position is [longitude, latitude] or [x, y]", path)
    if earth and not (-180 <= value[0] <= 180 and -90 <= value[1] <= 90):
        raise bad("a position is out of range", path)


def _area(walk: Walk, value: Any, path: Path) -> None:
    _geometry(walk, value, path, _AREAS)


def _box(walk: Walk, value: Any, path: Path) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise bad("$box takes two corners", path, "$box")
    _positions(walk, value, path, earth=False)


def _polygon(walk: Walk, value: Any, path: Path) -> None:
    if not isinstance(value, list) or len(value) < 3:
        raise bad("$polygon takes three positions or more", path, "$polygon")
    _positions(walk, value, path, earth=False)


def _circle(walk: Walk, value: Any, path: Path) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise bad("a circle is [centre, radius]", path)
    _positions(walk, value[:1], path, earth=False)
    if not is_number(value[1]) or value[1] < 0:
        raise bad("a radius must be a number, 0 or more", path)


def _cap(walk: Walk, value: Any, path: Path) -> None:
    _circle(walk, value, path)
    _position(value[0], path, earth=True)


SHAPES: Final[dict[str, Callable[[Walk, Any, Path], None]]] = {
    "$geometry": _area,
    "$box": _box,
    "$polygon": _polygon,
    "$center": _circle,
    "$centerSphere": _cap,
}
