"""Made-up observations: the same for a seed, where they say they are, spread as they should be."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import Any

import orjson
import pytest

from hub.cli.sample.entries import SEED_MAX, entry
from hub.cli.sample.rows import YEARS, rows
from hub.cli.sample.sites import SITES, is_inside, sites
from hub.cli.sample.tables import REGIONS, text, themes, waters
from hub.observations.check import check
from hub.services.observing.entry import checked

PROVINCES = ("ab", "bc", "mb", "nb", "nl", "ns", "nt", "nu", "on", "pe", "qc", "sk", "yt")
REGION_IDS = {
    *("hub.atlantic", "hub.greatlakes", "hub.lakewinnipeg", "hub.mackenzie", "hub.pacific"),
    "admin.2.ca",
    *(f"admin.4.ca.{code}" for code in PROVINCES),
}


def some(number: int, count: int, seed: int = 1) -> list[dict[str, Any]]:
    theme = themes()[number]
    return list(islice(rows(seed, number, theme, theme.name), count))


def test_a_seed_has_always_the_same_rows():
    assert some(2, 500) == some(2, 500)


def test_another_seed_has_others():
    assert some(2, 50) != some(2, 50, seed=2)


@pytest.mark.parametrize("number", range(len(themes())))
def test_every_site_lies_in_one_of_the_provinces(number: int):
    theme = themes()[number]
    for site in sites(1, number, theme, theme.name):
        place = (
            site.columns["MonitoringLocationLongitude"],
            site.columns["MonitoringLocationLatitude"],
        )
        assert any(is_inside(*place, province) for province in theme.provinces), site


@pytest.mark.parametrize("number", range(len(themes())))
def test_no_row_breaks_a_rule_or_is_doubtful(number: int):
    assert [finding for row in some(number, 5_000) for finding in check(row)] == []


def test_sites_have_ids_of_their_own():
    theme = themes()[0]
    found = sites(1, 0, theme, theme.name)
    assert len({site.columns["MonitoringLocationID"] for site in found}) == SITES


@pytest.mark.parametrize("water", [w for some in waters().values() for w in some], ids=str)
def test_every_water_lies_in_its_province(water: Any):
    assert is_inside(water.longitude, water.latitude, water.province)


@pytest.mark.parametrize(
    ("place", "province", "inside"),
    [
        ((-113.5, 53.5), "ab", True),
        ((-113.5, 53.5), "bc", False),
        ((-56.0, 48.5), "nl", True),
        ((-62.0, 53.5), "nl", True),
        ((-57.5, 51.3), "nl", False),
    ],
)
def test_inside_is_told_from_outside(place: tuple[float, float], province: str, inside: bool):
    assert is_inside(*place, province) is inside


def test_some_of_the_results_are_below_their_limit():
    found = [row for number in range(5) for row in some(number, 8_000)]
    below = [r for r in found if r.get("ResultDetectionCondition", "").startswith("Below")]
    assert 0.06 < len(below) / len(found) < 0.1
    assert not any("ResultValue" in row for row in below)


def test_all_years_media_and_kinds_of_activity_are_there():
    found = [row for number in range(5) for row in some(number, 8_000)]
    assert len({row["ActivityStartDate"][:4] for row in found}) == YEARS
    media = {row["ActivityMediaName"] for row in found}
    assert media == {"Surface Water", "Ocean Water", "Surface Water Sediment"}
    kinds = {row["ActivityType"] for row in found}
    assert kinds == {
        "Field Msr/Obs",
        "Field Msr/Obs-Continuous Time Series",
        "Sample-Routine",
        "Quality Control Field Replicate Msr/Obs",
        "Quality Control Sample-Field Replicate",
    }


def test_water_is_warm_in_summer():
    warm: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for row in some(0, 8_000):
        if row["CharacteristicName"] == "Temperature, water":
            month = row["ActivityStartDate"][5:7]
            warm[month] += row["ResultValue"]
            times[month] += 1
    assert warm["07"] / times["07"] > 10 + warm["01"] / times["01"]


def test_every_documented_region_is_drawn_once():
    features = orjson.loads(text(REGIONS))["features"]
    ids = [feature["properties"]["id"] for feature in features]
    assert (set(ids), len(ids)) == (REGION_IDS, len(REGION_IDS))


def test_dois_have_the_pattern_and_tell_datasets_and_seeds_apart():
    found = {entry(seed, number).doi for seed in (0, 1, 27, SEED_MAX) for number in range(12)}
    assert len(found) == 4 * 12
    assert all(re.fullmatch(r"10\.25976/[a-z]{4}-[a-z]{2}\d{2}", doi) for doi in found)


def test_datasets_of_one_theme_have_names_of_their_own():
    assert len({entry(1, number).name for number in range(12)}) == 12


@pytest.mark.parametrize("number", range(len(themes())))
def test_entries_are_as_the_catalogue_takes_them(number: int):
    told = entry(1, number)
    assert checked(told.catalogue) == told.catalogue
