"""The monitoring locations of a made-up dataset, each inside its province."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from hub.cli.sample.tables import Measure, Theme, Water, measures, outline, waters

SITES = 80
"""In a dataset."""
PANEL = 12
"""Measures of a site's samples."""
REACH_DEG = (0.22, 0.35)
"""How far, by latitude and longitude, a site is from the middle of its water at most."""
DATUMS = ("NAD83",) * 6 + ("WGS84",) * 3 + ("NAD27",)
TYPES = {
    "river": ("River/Stream",),
    "lake": ("Lake/Pond", "Lake/Pond", "Reservoir"),
    "great lake": ("Great Lake",),
    "coast": ("Ocean", "Estuary"),
    "wetland": ("Wetland",),
}
SPOTS = (
    "at the highway bridge",
    "above the mill",
    "below the outfall",
    "at the old ferry",
    "near the rail crossing",
    "at the park",
    "north basin",
    "south basin",
    "at the narrows",
    "at the gauge",
    "by the campground",
    "at the mouth",
)


@dataclass(frozen=True, slots=True)
class Site:
    """A place, and how it is watched.

    Attributes:
        columns: those that every row of the site has.
        salt: its water is salty.
        still: its water stands.
        panel: what is analysed in its samples.
        begun: the share of the years that are open to it after which it was first visited.
        character: how far its values are from those elsewhere.
    """

    columns: dict[str, Any]
    zone: str
    salt: bool
    still: bool
    panel: tuple[Measure, ...]
    begun: float
    character: float


def sites(seed: int, number: int, theme: Theme, dataset_name: str) -> list[Site]:
    """The sites of the dataset of a number, always the same ones for the same seed."""
    chance = Random(f"{seed}/{number}/sites")
    known = [water for province in theme.provinces for water in waters()[province]]
    return [_site(chance, known[at % len(known)], at, dataset_name) for at in range(SITES)]


def _site(chance: Random, water: Water, at: int, dataset_name: str) -> Site:
    kind = chance.choice(TYPES[water.kind])
    latitude, longitude = _place(chance, water)
    columns: dict[str, Any] = {
        "DatasetName": dataset_name,
        "MonitoringLocationID": f"{water.name[:3].strip()}-{at:03}".upper(),
        "MonitoringLocationName": f"{water.name} {SPOTS[(at * 5 + at // 12) % len(SPOTS)]}",
        "MonitoringLocationLatitude": latitude,
        "MonitoringLocationLongitude": longitude,
        "MonitoringLocationHorizontalCoordinateReferenceSystem": chance.choice(DATUMS),
    }
    if chance.random() < 0.7:
        columns["MonitoringLocationHorizontalAccuracyMeasure"] = chance.choice((3, 5, 10, 25))
        columns["MonitoringLocationHorizontalAccuracyUnit"] = "m"
    if water.kind != "coast" and chance.random() < 0.4:
        columns["MonitoringLocationVerticalMeasure"] = round(chance.uniform(60, 900), 1)
        columns["MonitoringLocationVerticalUnit"] = "m"
    columns["MonitoringLocationType"] = kind
    return Site(
        columns=columns,
        zone=water.zone,
        salt=kind in ("Ocean", "Estuary"),
        still=water.kind in ("lake", "great lake"),
        panel=tuple(chance.sample(measures()["lab"], PANEL)),
        begun=chance.random(),
        character=chance.gauss(0, 0.5),
    )


def _place(chance: Random, water: Water) -> tuple[float, float]:
    """Latitude and longitude near the middle of a water, inside the province."""
    up, aside = REACH_DEG
    for _ in range(50):
        latitude = water.latitude + chance.uniform(-up, up)
        longitude = water.longitude + chance.uniform(-aside, aside)
        if is_inside(longitude, latitude, water.province):
            return round(latitude, 5), round(longitude, 5)
    return water.latitude, water.longitude


def is_inside(longitude: float, latitude: float, province: str) -> bool:
    """Whether a point lies in the rough polygon of a province, its edges drawn straight."""
    return any(_encloses(ring, longitude, latitude) for ring in outline(province))


def _encloses(ring: tuple[tuple[float, float], ...], x: float, y: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
