"""Files of regions: what is read, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.errors import HubError
from hub.services.observing.geojson import regions

FIRST_RING = "$.features[0].geometry.coordinates[0]"
RING = [[0, 0], [10, 0], [10, 10], [0, 0]]


def feature(**changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": "hub.atlantic", "name": "Atlantic"},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    } | changes


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def area(coordinates: Any, kind: str = "Polygon") -> dict[str, Any]:
    return feature(geometry={"type": kind, "coordinates": coordinates})


def test_a_region_is_read_without_heights() -> None:
    (found,) = regions(collection(area([[[*position, 5] for position in RING]])))
    assert (found.id, found.name) == ("hub.atlantic", "Atlantic")
    assert found.geometry == {"type": "Polygon", "coordinates": [RING]}


def test_islands_are_read() -> None:
    (found,) = regions(collection(area([[RING], [RING]], "MultiPolygon")))
    assert found.geometry == {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}


@pytest.mark.parametrize(
    ("given", "id_property", "expected"),
    [
        (feature(properties={"code": "admin.4.ca.ab"}), "code", "admin.4.ca.ab"),
        (feature(properties=None, id="admin.2.ca"), "id", "admin.2.ca"),
        (feature(properties={"id": "watershed.oda.1"}, id="x"), "id", "watershed.oda.1"),
    ],
)
def test_where_the_id_stands(given: dict[str, Any], id_property: str, expected: str) -> None:
    (found,) = regions(collection(given), id_property)
    assert found.id == expected


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", "$"),
        (b'{"type": "Feature"}', "$"),
        (collection(), "$.features"),
        (b'{"type": "FeatureCollection", "features": 7}', "$.features"),
        (collection(7), "$.features[0]"),
        (collection(feature(), feature(type="x")), "$.features[1]"),
        (collection(feature(), feature()), "$.features[1]"),
        (collection(feature(properties=[])), "$.features[0].properties"),
        (collection(feature(properties=[1])), "$.features[0].properties"),
        (collection(feature(properties={})), "$.features[0].properties.id"),
        (collection(feature(properties={"id": "Alberta"})), "$.features[0].properties.id"),
        (collection(feature(properties={"id": "admin.4.CA"})), "$.features[0].properties.id"),
        (collection(feature(properties={"id": 4})), "$.features[0].properties.id"),
        (collection(feature(properties={"id": "a." + "b" * 99})), "$.features[0].properties.id"),
        (collection(feature(properties={"id": "a.b", "name": 1})), "$.features[0].properties.name"),
        (collection(feature(geometry=None)), "$.features[0].geometry"),
        (collection(area([0, 0], "Point")), "$.features[0].geometry"),
        (collection(area([], "Polygon")), "$.features[0].geometry.coordinates"),
        (collection(area(RING)), FIRST_RING),
        (collection(area([RING[:3]])), FIRST_RING),
        (collection(area([[*RING[:3], [1, 1]]])), FIRST_RING),
        (collection(area([[RING]])), FIRST_RING),
        (collection(area([RING], "MultiPolygon")), "$.features[0].geometry.coordinates[0][0]"),
        *[
            (collection(area([[[0, 0], position, [1, 1], [0, 0]]])), f"{FIRST_RING}[1]")
            for position in ([181, 0], [1, 91], ["1", 1], [True, 1], [1], 1, {}, [None, 1])
        ],
    ],
)
def test_what_is_wrong_is_said_with_its_place(content: bytes, place: str | None) -> None:
    with pytest.raises(HubError) as refused:
        regions(content)
    assert refused.value.detail.get("path") == place
