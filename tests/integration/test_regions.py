"""Regions loaded and deleted, and the locations that are in them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.cli.root import hub
from hub.errors import Invalid, NotFound
from hub.services import Services
from hub.services.observing.geojson import Region
from hub.settings import Settings
from hub.wiring import open_hub
from tests.conftest import Access
from tests.observations import at

LAND = [[-120, 49], [-110, 49], [-110, 60], [-120, 60], [-120, 49]]
PARK = [[-116, 51], [-115, 51], [-115, 52], [-116, 52], [-116, 51]]


@pytest.fixture
def observed(services: Services) -> Access:
    made = services.datasets.create("observations", kind="observations")
    return Access(made.dataset.uuid, made.access.secret)


@pytest.fixture(autouse=True)
def no_regions(services: Services) -> None:
    for region, _, _ in services.regions.sizes():
        services.regions.delete(region)


def area(region: str, *rings: Any) -> Region:
    return Region(region, region.upper(), {"type": "Polygon", "coordinates": list(rings)})


def load(services: Services, *regions: Region) -> int:
    return sum(services.regions.load(regions))


def put(client: FlaskClient, dataset: Access, *sites: tuple[str, float, float]) -> None:
    rows = [
        at(name, MonitoringLocationLongitude=longitude, MonitoringLocationLatitude=latitude)
        for name, longitude, latitude in sites
    ]
    assert client.put(dataset.url, json=rows, auth=dataset.auth).status_code == 201


def regions_of(database: Database, dataset: Access) -> dict[str, list[str]]:
    return {
        row["ID"]: sorted(row["RegionId"])
        for row in database.locations.find({"dataset": dataset.uuid})
    }


SITES = (
    ("inside", -113.0, 55.0),
    ("on the border", -115.0, 49.0),
    ("at the corner", -110.0, 60.0),
    ("in the hole", -115.5, 51.5),
    ("at the hole", -115.0, 51.5),
    ("outside", -100.0, 55.0),
    ("just south", -115.0, 48.999999),
)
EXPECTED = {
    "inside": ["admin.4.ca.ab"],
    "on the border": ["admin.4.ca.ab"],
    "at the corner": ["admin.4.ca.ab"],
    "in the hole": ["hub.park"],
    "at the hole": ["admin.4.ca.ab", "hub.park"],
    "outside": [],
    "just south": [],
}


@pytest.mark.parametrize("first", ["regions", "locations"])
def test_a_location_is_in_every_region_that_holds_it(
    client: FlaskClient, services: Services, observed: Access, database: Database, first: str
) -> None:
    regions = (area("admin.4.ca.ab", LAND, PARK), area("hub.park", PARK))
    if first == "regions":
        load(services, *regions)
    put(client, observed, *SITES)
    if first == "locations":
        assert load(services, *regions) >= len(SITES)
    assert regions_of(database, observed) == EXPECTED


def test_a_location_that_moves_changes_its_regions(
    client: FlaskClient, services: Services, observed: Access, database: Database
) -> None:
    load(services, area("hub.land", LAND), area("hub.park", PARK))
    put(client, observed, ("S", -115.5, 51.5))
    assert regions_of(database, observed)["S"] == ["hub.land", "hub.park"]
    put(client, observed, ("S", -113.0, 55.0))
    assert regions_of(database, observed)["S"] == ["hub.land"]


def test_a_region_that_is_loaded_again_has_its_new_outline(
    client: FlaskClient, services: Services, observed: Access, database: Database
) -> None:
    put(client, observed, ("S", -113.0, 55.0), ("T", -115.5, 51.5))
    load(services, area("hub.x", LAND), area("hub.other", LAND))
    load(services, area("hub.x", PARK))
    both = {"S": ["hub.other"], "T": ["hub.other", "hub.x"]}
    assert regions_of(database, observed) == both


def test_a_deleted_region_is_left_by_all(
    client: FlaskClient, services: Services, observed: Access, database: Database
) -> None:
    load(services, area("hub.x", LAND), area("hub.y", LAND))
    put(client, observed, ("S", -113.0, 55.0))
    assert services.regions.delete("hub.x") >= 1
    assert regions_of(database, observed) == {"S": ["hub.y"]}
    with pytest.raises(NotFound):
        services.regions.delete("hub.x")


def test_another_process_knows_a_region_at_once(
    services: Services, settings: Settings, observed: Access, database: Database
) -> None:
    elsewhere = open_hub(settings)
    assert elsewhere.services.regions.atlas().at(-113.0, 55.0) == []
    load(services, area("hub.x", LAND))
    assert elsewhere.services.regions.atlas().at(-113.0, 55.0) == ["hub.x"]
    services.regions.delete("hub.x")
    assert elsewhere.services.regions.atlas().at(-113.0, 55.0) == []
    elsewhere.close()


def test_locations_made_while_regions_are_loaded_are_in_them(
    client: FlaskClient,
    services: Services,
    settings: Settings,
    observed: Access,
    database: Database,
) -> None:
    elsewhere = open_hub(settings)
    done = threading.Event()

    def churn() -> None:
        place = 0
        while not done.is_set():
            load(elsewhere.services, area("hub.even", LAND if place % 2 else PARK))
            place += 1
        load(elsewhere.services, area("hub.even", LAND))

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for step in range(40):
            put(client, observed, *[(f"S{step}-{n}", -113.0, 55.0) for n in range(5)])
    finally:
        done.set()
        thread.join()
        elsewhere.close()
    found = regions_of(database, observed)
    assert len(found) == 200
    assert set(map(tuple, found.values())) == {("hub.even",)}


def test_a_region_with_too_many_positions_is_refused(services: Services) -> None:
    huge = [[float(n % 180), float(n % 90)] for n in range(500_000)]
    with pytest.raises(Invalid, match="too many positions"):
        load(services, area("hub.huge", [*huge, huge[0]]))
    assert services.regions.sizes() == []


def test_the_command_line_loads_lists_and_deletes(
    client: FlaskClient,
    settings: Settings,
    observed: Access,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_MONGO_URI", settings.mongo_uri or "")
    monkeypatch.setenv("HUB_MONGO_DB", settings.mongo_db)
    monkeypatch.setenv("HUB_SECRET", settings.secret or "")
    put(client, observed, ("S", -113.0, 55.0))
    feature = {
        "type": "Feature",
        "properties": {"code": "hub.x", "name": "X"},
        "geometry": {"type": "Polygon", "coordinates": [LAND]},
    }
    file = tmp_path / "regions.json"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(hub, ["region", *arguments, "--json"])
        return json.loads(done.stdout) if done.exit_code == 0 else done.stderr

    assert run("load", str(file), "--id-property", "code")["regions"] == ["hub.x"]
    (listed,) = run("list")
    assert (listed["region"], listed["name"]) == ("hub.x", "X")
    assert listed["locations"] >= 1
    assert "no such region" in run("delete", "hub.nothing", "--yes")
    assert run("delete", "hub.x", "--yes")["locations"] == listed["locations"]
    file.write_text("{}")
    assert "FeatureCollection" in run("load", str(file))
