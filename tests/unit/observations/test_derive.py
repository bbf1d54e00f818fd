"""What follows from a row: year, group, location, WGS84."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.observations.derive import Derived, activity_group, derive
from hub.observations.tables import ENUMERATIONS
from hub.observations.wgs84 import to_wgs84
from tests.unit.observations.rows import row

DATUM = "MonitoringLocationHorizontalCoordinateReferenceSystem"
METRES_PER_DEGREE = 111_320
CANADIAN = [(51.05, -114.07), (44.65, -63.57), (49.28, -123.12), (62.45, -114.37), (82.5, -62.3)]

ASK_THE_NETWORK = """
from concurrent.futures import ThreadPoolExecutor
from pyproj.network import is_network_enabled
from hub.observations.wgs84 import to_wgs84
print(is_network_enabled())
to_wgs84(50.5, -100.5, "NAD27")
print(is_network_enabled())
with ThreadPoolExecutor(1) as pool:
    pool.submit(to_wgs84, 50.6, -100.6, "NAD27").result()
    print(pool.submit(is_network_enabled).result())
"""


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    north = (a[0] - b[0]) * METRES_PER_DEGREE
    east = (a[1] - b[1]) * METRES_PER_DEGREE * cos(radians(a[0]))
    return hypot(north, east)


def test_a_row_derives_its_year_group_and_location() -> None:
    assert derive(row()) == Derived(
        year=2021,
        group="Field Measure",
        location={
            "ID": "BOW-01",
            "Name": "Bow River at Calgary",
            "Latitude": 51.05,
            "Longitude": -114.07,
            "HorizontalCoordinateReferenceSystem": "NAD83",
            "MonitoringLocationType": "River/Stream",
            "LatitudeNormalized": 51.05,
            "LongitudeNormalized": -114.07,
            "HorizontalCoordinateReferenceSystemNormalized": "WGS84",
            "point": {"type": "Point", "coordinates": [-114.07, 51.05]},
        },
    )


def test_a_location_keeps_its_accuracy_and_height() -> None:
    stated: dict[str, Any] = {
        "MonitoringLocationHorizontalAccuracyMeasure": 5,
        "MonitoringLocationHorizontalAccuracyUnit": "m",
        "MonitoringLocationVerticalMeasure": 1045.5,
        "MonitoringLocationVerticalUnit": "MASL",
    }
    location = derive(row(**stated)).location
    assert {key: location[key.removeprefix("MonitoringLocation")] for key in stated} == stated


def test_the_point_is_normalized() -> None:
    location = derive(row(**{DATUM: "NAD27"})).location
    latitude, longitude = location["LatitudeNormalized"], location["LongitudeNormalized"]
    assert (latitude, longitude) != (51.05, -114.07)
    assert location["point"]["coordinates"] == [longitude, latitude]
    assert (location["Latitude"], location["Longitude"]) == (51.05, -114.07)


@pytest.mark.parametrize(
    ("activity_type", "group"),
    [
        ("Sample-Routine", "Lab Sample"),
        ("Sample-Other", "Lab Sample"),
        ("Field Msr/Obs", "Field Measure"),
        ("Field Msr/Obs-Portable Data Logger", "Field Measure"),
        ("Field Msr/Obs-Continuous Time Series", "Continuous Data"),
        ("Quality Control Field Replicate Msr/Obs", "Quality Control - Field Measure"),
        ("Quality Control Sample-Field Blank", "Quality Control - Lab Sample"),
        ("Quality Control Sample-Trip Blank", "Quality Control - Lab Sample"),
        ("Unspecified", "Unspecified"),
        ("Séance", None),
    ],
)
def test_an_activity_belongs_to_a_group(activity_type: str, group: str | None) -> None:
    assert activity_group(activity_type) == group


def test_every_listed_activity_has_a_group() -> None:
    listed = ENUMERATIONS["ActivityType"].names
    assert [name for name in listed if activity_group(name) is None] == []


@pytest.mark.parametrize("place", CANADIAN)
@pytest.mark.parametrize("datum", ["WGS84", "OTHER", "UNKWN", "NAD83"])
def test_these_datums_count_as_wgs84(datum: str, place: tuple[float, float]) -> None:
    assert to_wgs84(*place, datum) == place


@pytest.mark.parametrize("place", CANADIAN)
def test_nad27_lies_ten_to_two_hundred_metres_beside(place: tuple[float, float]) -> None:
    assert 10 < metres(place, to_wgs84(*place, "NAD27")) < 200


def test_nad27_shifts_as_is_known_of_calgary() -> None:
    latitude, longitude = to_wgs84(51.05, -114.07, "NAD27")
    assert latitude == pytest.approx(51.05, abs=0.0002)
    assert longitude == pytest.approx(-114.0708, abs=0.0003)


def test_wgs72_lies_a_few_metres_beside() -> None:
    place = (51.05, -114.07)
    assert 1 < metres(place, to_wgs84(*place, "WGS72")) < 30


def test_six_decimals_are_kept() -> None:
    assert to_wgs84(51.0123456789, -114.9876543211, "UNKWN") == (51.012346, -114.987654)


def test_whole_degrees_become_floats() -> None:
    assert [type(value) for value in to_wgs84(51, -114, "WGS84")] == [float, float]


def test_another_datum_is_an_error() -> None:
    with pytest.raises(ValueError, match="ED50"):
        to_wgs84(51, -114, "ED50")


def test_no_grid_is_fetched_over_the_network_whatever_the_environment_says() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_THE_NETWORK],
        cwd=Path(__file__).parents[3],
        env={"PROJ_NETWORK": "ON"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False", "False"]


def test_many_threads_agree() -> None:
    places = [(40 + i / 100, -60 - i / 50) for i in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda place: to_wgs84.__wrapped__(*place, "NAD27"), places))
    assert many == [to_wgs84.__wrapped__(*place, "NAD27") for place in places]


@given(
    st.floats(0, 90),
    st.floats(-180, 180),
    st.sampled_from(sorted(ENUMERATIONS["Datum"].names)),
)
def test_every_place_of_the_schema_stays_on_the_map(
    latitude: float, longitude: float, datum: str
) -> None:
    north, east = to_wgs84(latitude, longitude, datum)
    assert -90 <= north <= 90
    assert -180 <= east <= 180
    assert abs(north - latitude) < 0.01
