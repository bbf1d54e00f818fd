"""The tables that the sample is made from, read once from ``data``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

REGIONS = "regions.geojson"


@dataclass(frozen=True, slots=True)
class Water:
    """A river, lake or coast; around its middle, in degrees, are its sites."""

    name: str
    kind: str
    latitude: float
    longitude: float
    province: str
    zone: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured, and how its values are spread.

    Attributes:
        columns: the columns that each row of it has, whatever its value.
        even: values lie evenly around the median, and ``digits`` counts decimals; else they
            are skewed, ``swing`` and ``spread`` are exponents, and it counts leading digits.
        swing: how far summer is above the median.
        bounds: no value is beyond them.
        limit: below it a laboratory says only that it is below.
    """

    columns: dict[str, Any]
    unit: str
    median: float
    swing: float
    spread: float
    digits: int
    even: bool
    bounds: tuple[float, float]
    limit: float | None
    whole_column: bool


@dataclass(frozen=True, slots=True)
class Theme:
    """What a dataset is about: who made it up, and where."""

    name: str
    organization: str
    hub: str
    provinces: tuple[str, ...]
    funding: str


def text(name: str) -> bytes:
    """A file of ``data``."""
    return files(__package__).joinpath("data", name).read_bytes()


@cache
def waters() -> dict[str, tuple[Water, ...]]:
    """The waters by the code of their province."""
    return {
        province: tuple(
            Water(**water, province=province, zone=facts["zone"]) for water in facts["waters"]
        )
        for province, facts in orjson.loads(text("waters.json")).items()
    }


@cache
def themes() -> tuple[Theme, ...]:
    rows = orjson.loads(text("sets.json"))
    return tuple(Theme(**row | {"provinces": tuple(row["provinces"])}) for row in rows)


@cache
def measures() -> dict[str, tuple[Measure, ...]]:
    """The measures by the group in which they are taken: field, salt, still, lab, sediment."""
    known = orjson.loads(text("measures.json"))
    methods = known.pop("methods")
    return {group: tuple(_measure(row, methods) for row in rows) for group, rows in known.items()}


@cache
def outline(province: str) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The outer rings of a province's rough polygon, as longitude and latitude."""
    wanted = f"admin.4.ca.{province}"
    for feature in orjson.loads(text(REGIONS))["features"]:
        if feature["properties"]["id"] == wanted:
            shape = feature["geometry"]
            parts = shape["coordinates"]
            parts = parts if shape["type"] == "MultiPolygon" else [parts]
            return tuple(tuple((x, y) for x, y in part[0]) for part in parts)
    raise KeyError(wanted)


def _measure(row: Mapping[str, Any], methods: Mapping[str, dict[str, str]]) -> Measure:
    own = {
        "CharacteristicName": row["name"],
        "MethodSpeciation": row.get("speciation"),
        "ResultSampleFraction": row.get("fraction"),
        **methods.get(row.get("method", ""), {}),
    }
    low, high = row.get("range", (0.0, float("inf")))
    return Measure(
        columns={name: value for name, value in own.items() if value is not None},
        unit=row["unit"],
        median=row["median"],
        swing=row["swing"],
        spread=row["spread"],
        digits=row["digits"],
        even=row.get("shape", "skewed") == "even",
        bounds=(low, high),
        limit=row.get("limit"),
        whole_column=row.get("whole_column", False),
    )
