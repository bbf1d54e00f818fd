"""A file of regions, read: a GeoJSON FeatureCollection of areas with an id each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import Invalid, NotJson
from hub.ingest import text
from hub.values import Document

ID = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+", re.ASCII)
ID_CHARS_MAX = 100
DEPTH = {"Polygon": 0, "MultiPolygon": 1}
"""In how many arrays its arrays of rings stand."""
POSITIONS_MIN = 4


@dataclass(frozen=True, slots=True)
class Region:
    """An area with a name. ``geometry`` is a Polygon or a MultiPolygon without heights."""

    id: str
    name: str
    geometry: Document


def regions(content: bytes, id_property: str = "id") -> list[Region]:
    """The regions of a file, each checked.

    Args:
        id_property: the property of a feature that is the region's id; the feature's own
            ``id`` stands in where it has none.

    Raises:
        NotJson: no JSON.
        Invalid: what is wrong; ``path`` says where.
    """
    try:
        collection = text.fast(content)
    except ValueError as exc:
        raise NotJson(f"the file is not JSON: {exc}") from exc
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise Invalid("the file is no GeoJSON FeatureCollection", path="$")
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        raise Invalid("the collection has no features", path="$.features")
    found = [
        _region(feature, id_property, f"$.features[{place}]")
        for place, feature in enumerate(features)
    ]
    seen: set[str] = set()
    for place, region in enumerate(found):
        if region.id in seen:
            raise Invalid(f"{region.id} stands twice", path=f"$.features[{place}]")
        seen.add(region.id)
    return found


def _region(feature: Any, id_property: str, path: str) -> Region:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise Invalid("this is no GeoJSON Feature", path=path)
    properties = {} if feature.get("properties") is None else feature["properties"]
    if not isinstance(properties, dict):
        raise Invalid("the properties are no object", path=f"{path}.properties")
    id_ = properties.get(id_property, feature.get("id"))
    if not isinstance(id_, str) or not ID.fullmatch(id_) or len(id_) > ID_CHARS_MAX:
        raise Invalid(
            f"{id_property} is to be an id like hub.atlantic, admin.2.ca or admin.4.ca.ab",
            path=f"{path}.properties.{id_property}",
        )
    name = properties.get("name", id_)
    if not isinstance(name, str):
        raise Invalid("the name is no text", path=f"{path}.properties.name")
    return Region(id_, name, _geometry(feature.get("geometry"), f"{path}.geometry"))


def _geometry(geometry: Any, path: str) -> Document:
    if not isinstance(geometry, Mapping) or geometry.get("type") not in DEPTH:
        raise Invalid("a region is a Polygon or a MultiPolygon", path=path)
    kind, coordinates = geometry["type"], geometry.get("coordinates")
    return {"type": kind, "coordinates": _rings(coordinates, DEPTH[kind], f"{path}.coordinates")}


def _rings(value: Any, depth: int, path: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Invalid("the coordinates are no array, or an empty one", path=path)
    inner = ((item, f"{path}[{place}]") for place, item in enumerate(value))
    if depth:
        return [_rings(item, depth - 1, where) for item, where in inner]
    return [_ring(item, where) for item, where in inner]


def _ring(value: Any, path: str) -> list[list[float]]:
    if not isinstance(value, list) or len(value) < POSITIONS_MIN:
        raise Invalid(f"a ring has at least {POSITIONS_MIN} positions", path=path)
    ring = [_position(item, f"{path}[{place}]") for place, item in enumerate(value)]
    if ring[0] != ring[-1]:
        raise Invalid("the ring is not closed: its last position is not its first", path=path)
    return ring


def _position(value: Any, path: str) -> list[float]:
    numbers = isinstance(value, list) and len(value) >= 2 and all(map(_is_number, value))
    if not numbers or abs(value[0]) > 180 or abs(value[1]) > 90:
        raise Invalid("a position is a longitude within 180 and a latitude within 90", path=path)
    return [float(value[0]), float(value[1])]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
