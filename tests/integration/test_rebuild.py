"""Locations and facets after a crash, and after worse: none missing, and made anew on request."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.errors import Invalid, NotFound
from hub.observations.derive import derive
from hub.services import Services
from hub.services.datasets import Holdings
from hub.services.observing.geojson import Region
from hub.services.observing.observing import facet
from hub.services.observing.places import Places
from hub.services.observing.rebuild import Rebuilding
from hub.services.observing.regions import Regions
from hub.settings import Settings
from hub.store import client as store_client
from hub.store.access.audit import Audit
from hub.store.counters import Counters
from hub.store.datasets.documents import Documents
from hub.store.observations import regions as store_regions
from hub.store.observations.facets import Facets
from hub.store.observations.imports import Imports
from hub.store.observations.locations import Locations
from hub.store.observations.observations import Observations
from tests.conftest import Access
from tests.live import ROOT, wait_until
from tests.observations import ROW, at, row


@pytest.fixture
def observed(services: Services) -> Access:
    made = services.datasets.create("observations", kind="observations")
    return Access(made.dataset.uuid, made.access.secret)


@pytest.fixture
def rebuilding(services: Services, settings: Settings) -> Iterator[Rebuilding]:
    """As it is wired, but it waits half a second for writes under way."""
    mongo = store_client.connect(settings.mongo_uri or "", settings.mongo_db)
    locations, facets = Locations(mongo), Facets(mongo)
    regions = Regions(store_regions.Regions(mongo), locations, Audit(mongo))
    places = Places(locations, regions, Counters(mongo))
    holdings = Holdings(Documents(mongo), locations, facets, Imports(mongo))
    yield Rebuilding(services.datasets, Observations(mongo), places, holdings, settle_s=0.5)
    mongo.close()


def rows(database: Database, collection: str, dataset: Access) -> dict[Any, dict[str, Any]]:
    return {found["_id"]: found for found in database[collection].find({"dataset": dataset.uuid})}


def kept(database: Database, dataset: Access) -> tuple[dict[Any, Any], dict[Any, Any]]:
    return rows(database, "locations", dataset), rows(database, "facets", dataset)


def put(client: FlaskClient, dataset: Access, *some: dict[str, Any]) -> None:
    assert client.put(dataset.url, json=list(some), auth=dataset.auth).status_code == 201


SOME = (
    at("A"),
    at("A", ActivityStartDate="2022-01-01", MonitoringLocationName="Renamed"),
    at("A", CharacteristicName="pH", ResultUnit="None"),
    at("B", ActivityMediaName="Ocean Water"),
    at("C", MonitoringLocationVerticalMeasure=4, MonitoringLocationVerticalUnit="m"),
)


def test_a_sound_dataset_stays_as_it_is(
    client: FlaskClient, observed: Access, database: Database, rebuilding: Rebuilding
) -> None:
    put(client, observed, *SOME)
    before = kept(database, observed)
    steps = list(rebuilding.rebuild(observed.uuid))
    assert kept(database, observed) == before
    assert sum(step.documents for step in steps) == len(SOME)
    assert not any(step.waiting for step in steps)


def lose_all(database: Database, dataset: Access) -> None:
    database.locations.delete_many({"dataset": dataset.uuid})
    database.facets.delete_many({"dataset": dataset.uuid})


def lose_one(database: Database, dataset: Access) -> None:
    database.locations.delete_one({"dataset": dataset.uuid, "ID": "A"})
    database.facets.delete_one({"dataset": dataset.uuid, "CharacteristicName": "pH"})


def garble(database: Database, dataset: Access) -> None:
    wrong = {"Name": "?", "VerticalMeasure": 9, "RegionId": ["hub.nowhere"], "unused": "x"}
    database.locations.update_many({"dataset": dataset.uuid}, {"$set": wrong})


def litter(database: Database, dataset: Access) -> None:
    """What a crash leaves behind: a location and facets that no observation came for."""
    place = database.locations.find_one({"dataset": dataset.uuid})
    assert place is not None
    spare = secrets.randbits(50)
    database.locations.insert_one(place | {"_id": spare, "ID": "Z"})
    some = database.facets.find_one({"dataset": dataset.uuid})
    assert some is not None
    for extra in ({"ActivityStartYear": 1999}, {"LocationId": spare}, {"LocationId": spare + 1}):
        database.facets.insert_one(some | extra | {"_id": secrets.token_bytes(16)})


@pytest.mark.parametrize("harm", [lose_all, lose_one, garble, litter])
def test_whatever_is_wrong_is_put_right(
    client: FlaskClient, observed: Access, database: Database, rebuilding: Rebuilding, harm: Any
) -> None:
    put(client, observed, *SOME)
    before = kept(database, observed)
    harm(database, observed)
    assert kept(database, observed) != before
    list(rebuilding.rebuild(observed.uuid))
    assert kept(database, observed) == before


def test_what_was_removed_is_told(
    client: FlaskClient, observed: Access, database: Database, rebuilding: Rebuilding
) -> None:
    put(client, observed, *SOME)
    litter(database, observed)
    last = list(rebuilding.rebuild(observed.uuid))[-1]
    assert (last.locations_removed, last.facets_removed) == (1, 3)


def test_what_is_needed_again_before_it_is_removed_stays(
    client: FlaskClient, observed: Access, database: Database, rebuilding: Rebuilding
) -> None:
    put(client, observed, at("A"))
    database.documents.delete_many({"_datasetid": observed.uuid})
    steps = rebuilding.rebuild(observed.uuid)
    assert next(step for step in steps if step.waiting)
    put(client, observed, at("A", ResultValue=7))
    list(steps)
    places, facets = kept(database, observed)
    assert len(places) == len(facets) == 1
    assert "unused" not in next(iter(places.values()))


def test_two_locations_of_one_id_become_one(
    client: FlaskClient, observed: Access, database: Database, rebuilding: Rebuilding
) -> None:
    put(client, observed, at("A"), at("A", ResultValue=2))
    (place,) = rows(database, "locations", observed)
    other = {"_observation.LocationId": 10**12}
    database.documents.update_one({"_datasetid": observed.uuid, "ResultValue": 2}, {"$set": other})
    list(rebuilding.rebuild(observed.uuid))
    stored = database.documents.find({"_datasetid": observed.uuid})
    assert {document["_observation"]["LocationId"] for document in stored} == {place}
    assert {found["LocationId"] for found in rows(database, "facets", observed).values()} == {place}


def test_a_location_is_put_into_the_regions_that_a_broken_off_load_left_out(
    client: FlaskClient,
    services: Services,
    observed: Access,
    database: Database,
    rebuilding: Rebuilding,
) -> None:
    put(client, observed, row())
    ring = [[-120, 49], [-110, 49], [-110, 60], [-120, 60], [-120, 49]]
    region = Region("hub.west", "West", {"type": "Polygon", "coordinates": [ring]})
    list(services.regions.load([region]))
    database.locations.update_many({}, {"$set": {"RegionId": []}})
    list(rebuilding.rebuild(observed.uuid))
    (place,) = rows(database, "locations", observed).values()
    assert place["RegionId"] == ["hub.west"]
    services.regions.delete("hub.west")


def test_only_datasets_of_observations_are_rebuilt(dataset: Access, rebuilding: Rebuilding) -> None:
    with pytest.raises(Invalid):
        list(rebuilding.rebuild(dataset.uuid))
    with pytest.raises(NotFound):
        list(rebuilding.rebuild("nothing"))


WRITER = """
import json, os, sys
from hub.services.ingest import Incoming
from hub.settings import Settings
from hub.wiring import open_hub
hub = open_hub(Settings.from_env(os.environ))
row, dataset, name = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
step = 0
while True:
    rows = [
        row | {"MonitoringLocationID": f"{name}-{step}-{n % 40}",
               "ActivityStartDate": f"{1950 + (step + n) % 70}-01-01"}
        for n in range(200)
    ]
    body = json.dumps(rows).encode()
    hub.services.ingest.put(Incoming(dataset=dataset, body=body, shape="array"))
    step += 1
"""


@pytest.mark.parametrize("chance", range(4))
def test_a_killed_writer_leaves_no_observation_without_its_location_and_facet(
    settings: Settings, observed: Access, database: Database, chance: int
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
        "HUB_MONGO_URI": settings.mongo_uri or "",
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": settings.secret or "",
    }
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, json.dumps(ROW), observed.uuid, f"w{n}"],
            cwd=ROOT, env=env, stdout=subprocess.DEVNULL,
        )
        for n in range(2)
    ]  # fmt: skip
    mine = {"_datasetid": observed.uuid}
    try:
        enough = 400 + 370 * chance
        wait_until(lambda: database.documents.count_documents(mine) > enough, "some rows", 60)
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
            writer.wait(10)
    places, facets = kept(database, observed)
    stored = list(database.documents.find(mine))
    for document in stored:
        own = document["_observation"]
        assert places[own["LocationId"]]["ID"] == document["MonitoringLocationID"]
        assert facet(document, own["LocationId"], derive(document)).digest in facets
    assert len({document["_observation"]["Id"] for document in stored}) == len(stored)
