"""How the database answers the DataStream API: by which index, looking at how many rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from bson import Int64
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.app import create_app
from hub.services import Services, scopes
from hub.services.odata import gathering
from hub.services.odata.datastream import DataStream
from hub.services.odata.gathering import Patience
from hub.services.odata.sets import SETS
from hub.settings import Settings
from tests.live import wait_until
from tests.observations import at
from tests.published import World, describe, doi

DATASETS, SITES, ROWS = 6, 60, 4_800
NAMES = ("Temperature, water", "pH", "Conductivity", "Turbidity")
BY_ID = "{ _observation.Id: 1, _datasetid: 1 }"
BY_DATASET = "{ _datasetid: 1, _observation.Id: 1 }"
BY_PLACE = "{ _observation.LocationId: 1, _observation.Id: 1 }"
BY_NAME = "{ CharacteristicName: 1, _observation.Id: 1 }"
BY_MEDIA = "{ ActivityMediaName: 1, _observation.Id: 1 }"
BY_GROUP = "{ _observation.ActivityGroupType: 1, _observation.Id: 1 }"
BY_TYPE = "{ MonitoringLocationType: 1, _observation.Id: 1 }"
BY_YEAR = "{ _observation.ActivityStartYear: 1, _observation.Id: 1 }"


Seen = Callable[[Patience], World]


@pytest.fixture(scope="module")
def seen(settings: Settings, services: Services, written: World) -> Seen:
    """The same world through a door with another patience."""
    usual = services.datastream

    def seen(patience: Patience) -> World:
        own = DataStream(
            usual._pipelines, usual._published, usual._permits, usual._limits, patience=patience
        )
        app = create_app(settings, replace(services, datastream=own))
        return replace(written, client=app.test_client())

    return seen


@pytest.fixture(scope="module")
def world(seen: Seen) -> World:
    """With time for every walk, however busy the machine is."""
    return seen(Patience(walk_ms=60_000))


@pytest.fixture(scope="module")
def written(client: FlaskClient, services: Services, database: Database) -> World:
    """Rows of six datasets, in turns. The last site has one row, the first of all."""
    random.seed(4)
    rows: list[list[dict[str, Any]]] = [[] for _ in range(DATASETS)]
    for n in range(ROWS):
        site = n % (SITES - 1) if n else SITES - 1
        row = at(
            f"P-{site}",
            MonitoringLocationLatitude=50 + site / 100,
            ActivityStartDate=f"{2000 + n % 20}-07-05",
            CharacteristicName=random.choice(NAMES),
            ResultUnit="None",
            ResultValue=n,
        )
        rows[site % DATASETS].append(row)
    datasets = {}
    for number, own in enumerate(rows):
        name = f"p{number:03d}"
        made = services.datasets.create(name, kind="observations")
        for begin in range(0, len(own), 100):
            answer = client.put(
                f"/api/dataset/{made.dataset.uuid}/",
                json=own[begin : begin + 100],
                auth=(made.access.secret, ""),
            )
            assert answer.status_code == 201, answer.text
        describe(services, made.dataset.uuid, name)
        services.catalogue.publish(made.dataset.uuid)
        datasets[name] = made.dataset.uuid
    _shuffle(database)
    wait_until(lambda: len(services.datasets.published()) == DATASETS, "they are published")
    key = services.keys.create("reader", [scopes.ODATA_READ]).secret
    return World(client, key, datasets)


def _shuffle(database: Database) -> None:
    """Number the rows as if the datasets had grown side by side; the lonely site's comes first."""
    ids = [row["_id"] for row in database.documents.find({}, {"_id": 1})]
    random.shuffle(ids)
    lonely = database.documents.find_one({"MonitoringLocationID": f"P-{SITES - 1}"})
    assert lonely is not None
    ids = [lonely["_id"], *(one for one in ids if one != lonely["_id"])]
    for number, one in enumerate(ids, 1):
        change = {"$set": {"_observation.Id": Int64(number)}}
        database.documents.update_one({"_id": one}, change)


@dataclass(frozen=True)
class Ran:
    """One aggregation, as the server's profiler tells it."""

    collection: str
    plan: str
    sorted: bool
    keys: int
    documents: int
    given: int


@contextmanager
def profiled(database: Database) -> Iterator[list[Ran]]:
    """The aggregations that run inside."""
    ran: list[Ran] = []
    database["system.profile"].drop()
    database.command("profile", 2)
    try:
        yield ran
    finally:
        database.command("profile", 0)
    for told in database["system.profile"].find({"command.aggregate": {"$exists": True}}):
        ran.append(
            Ran(
                collection=told["command"]["aggregate"],
                plan=told.get("planSummary", ""),
                sorted=told.get("hasSortStage", False),
                keys=told.get("keysExamined", 0),
                documents=told.get("docsExamined", 0),
                given=told.get("nreturned", 0),
            )
        )


def asked(world: World, database: Database, path: str, options: dict[str, str]) -> list[Ran]:
    with profiled(database) as ran:
        assert world.get(path, options).status_code == 200
    return ran


TOP = 50
DOCUMENTED = [
    ("", BY_ID, 1),
    (f"DOI eq '{doi('p001')}'", BY_DATASET, 1),
    (f"DOI in ('{doi('p001')}', '{doi('p002')}')", BY_DATASET, 3),
    ("endswith(DOI, 'p001-xx00')", BY_DATASET, 1),
    ("CharacteristicName eq 'pH'", BY_NAME, 1),
    ("CharacteristicName in ('Temperature, water', 'pH')", BY_NAME, 2),
    ("ActivityStartYear eq '2010'", BY_YEAR, 1),
    ("ActivityStartYear in (2010, 2011)", BY_YEAR, 10),
]
"""Filter, the index made for it, and among how many rows one matches.

Where it is one of a few, the database may as well meet the rows in the order of their Ids.
"""


@pytest.mark.parametrize("after", ["0", "3000"])
@pytest.mark.parametrize(("text", "index", "among"), DOCUMENTED, ids=lambda x: str(x)[:40])
def test_a_page_of_a_documented_filter_reads_rows_in_their_order(
    world: World, database: Database, text: str, index: str, among: int, after: str
) -> None:
    options = {"$filter": text, "$top": str(TOP), "$skiptoken": f"Id:{after}"}
    ran = asked(world, database, "Observations", options)
    (rows,) = [r for r in ran if r.collection == "documents"]
    used = set(rows.plan.removeprefix("IXSCAN ").split(", IXSCAN "))
    assert used == {index} or (used == {BY_ID} and 1 < among < 4)
    assert not rows.sorted
    assert rows.given == TOP + 1
    assert rows.documents <= (TOP + 1 if used == {index} else 2 * among * TOP)
    assert rows.keys <= (TOP + 10 if used == {index} else 4 * among * TOP)


@pytest.mark.parametrize(
    ("name", "field", "index"),
    [
        ("ActivityMediaName", "ActivityMediaName", BY_MEDIA),
        ("ActivityGroupType", "_observation.ActivityGroupType", BY_GROUP),
        ("MonitoringLocationType", "MonitoringLocationType", BY_TYPE),
    ],
)
def test_a_rare_kind_spread_over_all_places_is_one_range_of_its_index(
    world: World, database: Database, name: str, field: str, index: str
) -> None:
    rare = {"_observation.Id": {"$mod": [200, 7]}}
    kept = {row["_id"]: row for row in database.documents.find(rare, {field: 1})}
    database.documents.update_many(rare, {"$set": {field: "Rare"}})
    options = {"$filter": f"{name} eq 'Rare'", "$top": "1000"}
    ran = asked(world, database, "Observations", options)
    (rows,) = [r for r in ran if r.collection == "documents"]
    assert (rows.plan, rows.sorted) == (f"IXSCAN {index}", False)
    assert rows.documents == rows.given == len(kept)
    own, _, inner = field.partition(".")
    for one, row in kept.items():
        value = row[own][inner] if inner else row[own]
        database.documents.update_one({"_id": one}, {"$set": {field: value}})


def test_a_location_is_one_range_of_its_index(world: World, database: Database) -> None:
    site = world.value("Locations", {"$filter": "ID eq 'P-7'"})[0]["Id"]
    options = {"$filter": f"LocationId eq {site} and DOI ne 'x'", "$top": "1000"}
    (ran,) = [r for r in asked(world, database, "Records", options) if r.collection == "documents"]
    assert ran.plan == f"IXSCAN {BY_PLACE}"
    assert not ran.sorted
    assert ran.documents == ran.given == ROWS // (SITES - 1) + 1


def test_a_region_and_a_characteristic_read_no_more_than_either_of_them_has(
    world: World, database: Database
) -> None:
    database.locations.update_many(
        {"ID": {"$in": ["P-3", "P-4"]}}, {"$set": {"RegionId": ["hub.x"]}}
    )
    text = "CharacteristicName eq 'pH' and RegionId eq 'hub.x'"
    ran = asked(world, database, "Observations", {"$filter": text, "$top": "1000"})
    (places,) = [r for r in ran if r.collection == "locations"]
    assert places.plan == "IXSCAN { RegionId: 1 }"
    (rows,) = [r for r in ran if r.collection == "documents"]
    assert BY_PLACE in rows.plan or BY_NAME in rows.plan
    assert rows.documents <= database.documents.count_documents({"CharacteristicName": "pH"})


@pytest.mark.parametrize("name", ["Locations", "Metadata"])
@pytest.mark.parametrize(
    "text",
    [
        "CharacteristicName eq 'pH'",
        "CharacteristicName eq 'pH' and ActivityStartYear eq 2010",
        "ActivityMediaName eq 'Surface Water'",
        "ActivityStartYear gte '2010'",
        "ActivityGroupType eq 'Field Measure'",
        "MonitoringLocationType eq 'River/Stream'",
    ],
)
def test_facets_are_looked_up_in_their_indexes_alone(
    world: World, database: Database, name: str, text: str
) -> None:
    ran = asked(world, database, name, {"$filter": text, "$select": "Id"})
    assert all(r.plan != "COLLSCAN" for r in ran)
    assert all(r.documents == 0 for r in ran if r.collection == "facets")
    assert not any(r.collection == "documents" for r in ran)


@pytest.mark.parametrize(
    ("text", "index"),
    [("", BY_DATASET), (f"DOI eq '{doi('p002')}'", BY_DATASET), ("RegionId eq 'hub.y'", BY_PLACE)],
)
def test_whole_datasets_and_places_are_counted_by_index_alone(
    world: World, database: Database, text: str, index: str
) -> None:
    database.locations.update_many(
        {"ID": {"$in": ["P-8", "P-9"]}}, {"$set": {"RegionId": ["hub.y"]}}
    )
    ran = asked(world, database, "Observations", {"$filter": text, "$count": "true"})
    rows = [r for r in ran if r.collection == "documents"]
    assert {r.plan.partition(" ")[2] for r in rows} == {index}
    assert sum(r.documents for r in rows) == 0


@pytest.mark.parametrize(
    "text",
    [
        "RegionId eq 'hub.lonely'",
        "LatitudeNormalized gt '50.585'",
        "contains(MonitoringLocationType,'prin') and ActivityMediaName ne 'Ocean Water'",
        "contains(ActivityMediaName,'Rainwater')",
    ],
)
def test_few_rows_are_gathered_where_meeting_them_would_take_too_long(
    seen: Seen, database: Database, text: str
) -> None:
    """The first row of all matches, and no other."""
    lonely = {"MonitoringLocationID": f"P-{SITES - 1}"}
    place = {"ID": f"P-{SITES - 1}"}
    changed = {"MonitoringLocationType": "Spring", "ActivityMediaName": "Rainwater"}
    if "Rainwater" not in text:
        del changed["ActivityMediaName"]
    number = database.locations.find_one(place)["_id"]
    before = database.facets.find_one({"LocationId": number})
    database.locations.update_one(place, {"$set": {"RegionId": ["hub.lonely"]}})
    database.documents.update_one(lonely, {"$set": changed})
    database.facets.update_one({"LocationId": number}, {"$set": changed})
    world = seen(Patience(walk_ms=1))
    slow = {"$filter": f"{text} and not contains(DatasetName,'{'x' * 40}')", "$top": "1000"}
    ran = asked(world, database, "Observations", slow)
    assert before is not None
    assert len(world.value("Observations", slow)) == 1
    last = [r for r in ran if r.collection == "documents"][-1]
    assert (last.plan, last.documents) == (f"IXSCAN {BY_PLACE}", 1)
    database.facets.replace_one({"_id": before["_id"]}, before)
    original = {name: before[name] for name in changed}
    database.documents.update_one(lonely, {"$set": original})


def test_many_rows_are_not_gathered(seen: Seen, world: World, database: Database) -> None:
    hasty = seen(Patience(walk_ms=1, few=10))
    slow = f"not contains(DatasetName,'{'x' * 40}')"
    text = f"contains(ActivityMediaName,'Surface') and ResultValue lt 3 and {slow}"
    ran = asked(hasty, database, "Observations", {"$filter": text, "$top": "1000"})
    read = [r.plan for r in ran if r.collection == "documents"]
    assert any(BY_PLACE in plan for plan in read[:-1]), "they are counted"
    assert BY_PLACE not in read[-1]
    found = world.value("Observations", {"$filter": text, "$select": "ResultValue"})
    assert sorted(row["ResultValue"] for row in found) == [0, 1, 2]


def test_the_sets_have_the_indexes_that_hints_name(database: Database) -> None:
    keys = [dict(index["key"]) for index in database.documents.list_indexes()]
    assert gathering.BY_PLACE in keys
    assert SETS["Records"].key in gathering.BY_PLACE
