"""Observations put in by sensors: checked, numbered, and known by their locations and facets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.jobs.purge import purge
from hub.services import Services
from hub.services.ingest import Incoming
from hub.settings import Settings
from hub.store.observations.facets import Facet
from hub.wiring import open_hub
from tests.conftest import Access
from tests.observations import at, row

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def observed(services: Services) -> Access:
    made = services.datasets.create("observations", kind="observations")
    return Access(made.dataset.uuid, made.access.secret)


def stored(database: Database, dataset: Access) -> list[dict[str, Any]]:
    found = database.documents.find({"_datasetid": dataset.uuid, "_observation.Id": {"$gt": 0}})
    return list(found.sort("_observation.Id"))


def locations(database: Database, dataset: Access) -> list[dict[str, Any]]:
    return list(database.locations.find({"dataset": dataset.uuid}).sort("_id"))


def facets(database: Database, dataset: Access) -> list[dict[str, Any]]:
    return list(database.facets.find({"dataset": dataset.uuid}, {"_id": 0, "dataset": 0}))


def test_a_row_comes_back_as_it_is_stored_and_without_the_hubs_numbers(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    sent = row(
        ActivityStartTime="8:30", CharacteristicName="temperature, WATER", LaboratoryName=None
    )
    answer = client.put(observed.url, json=sent | {"ResultComment": None}, auth=observed.auth)
    assert answer.status_code == 201, answer.json
    (document,) = stored(database, observed)
    own = document.pop("_observation")
    assert answer.json == document | {"_id": str(document["_id"])}
    assert document.items() >= row(ActivityStartTime="08:30").items()
    assert "ResultComment" not in document
    assert abs((datetime.now(UTC) - own.pop("CreateTimestamp")).total_seconds()) < 60
    (place,) = locations(database, observed)
    assert own.pop("Id") > 0
    assert own == {
        "LocationId": place["_id"],
        "ActivityStartYear": 2021,
        "ActivityGroupType": "Field Measure",
    }


def test_the_moment_of_a_row_is_that_of_its_id(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    client.put(observed.url, json=row(), auth=observed.auth)
    (document,) = stored(database, observed)
    created = document["_observation"]["CreateTimestamp"]
    assert int(created.timestamp()) == document["_timestamp"]
    assert created.microsecond % 1000 == 0


def test_a_location_is_told_in_its_own_words_and_in_wgs84(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    columns = {
        "MonitoringLocationVerticalMeasure": 980,
        "MonitoringLocationVerticalUnit": "m",
        "MonitoringLocationHorizontalCoordinateReferenceSystem": "NAD27",
    }
    assert client.put(observed.url, json=row(**columns), auth=observed.auth).status_code == 201
    (place,) = locations(database, observed)
    longitude, latitude = place["LongitudeNormalized"], place["LatitudeNormalized"]
    assert place["point"] == {"type": "Point", "coordinates": [longitude, latitude]}
    assert (longitude, latitude) != (place["Longitude"], place["Latitude"])
    stated = {"ID": "BOW-01", "VerticalMeasure": 980, "VerticalUnit": "m", "RegionId": []}
    assert place.items() >= stated.items()
    assert place["HorizontalCoordinateReferenceSystemNormalized"] == "WGS84"


def test_a_batch_is_numbered_in_its_own_order(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    rows = [at(f"S{place % 7}", ResultValue=place) for place in range(300)]
    answer = client.put(observed.url, json=rows, auth=observed.auth)
    assert answer.json["stored"] == 300
    found = stored(database, observed)
    assert [document["ResultValue"] for document in found] == list(range(300))
    assert len({document["_observation"]["Id"] for document in found}) == 300
    assert len(locations(database, observed)) == 7
    by_name = {place["ID"]: place["_id"] for place in locations(database, observed)}
    assert all(
        document["_observation"]["LocationId"] == by_name[document["MonitoringLocationID"]]
        for document in found
    )


def test_one_facet_stands_for_each_combination(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    rows = [
        row(ResultValue=1),
        row(ResultValue=2),
        row(ActivityStartDate="2022-01-01"),
        row(CharacteristicName="pH", ResultUnit="None"),
    ]
    assert client.put(observed.url, json=rows, auth=observed.auth).json["stored"] == 4
    (place,) = locations(database, observed)
    common = {
        "LocationId": place["_id"],
        "MonitoringLocationType": "River/Stream",
        "ActivityMediaName": "Surface Water",
        "ActivityGroupType": "Field Measure",
    }
    found = facets(database, observed)
    expected = [("Temperature, water", 2021), ("Temperature, water", 2022), ("pH", 2021)]
    assert sorted(found, key=str) == sorted(
        [
            common | {"CharacteristicName": name, "ActivityStartYear": year}
            for name, year in expected
        ],
        key=str,
    )


GARBAGE = [
    {},
    {"a": 1},
    row(ResultValue="much"),
    row(ResultValue={"gt": 1}),
    row(MonitoringLocationLatitude=[50]),
    row(MonitoringLocationLatitude=-50),
    row(MonitoringLocationID=None),
    row(MonitoringLocationID=""),
    row(MonitoringLocationID="=1+1"),
    row(ActivityStartDate="2021-02-30"),
    row(ActivityStartDate="5 July 2021"),
    row(ActivityMediaName="Beer"),
    row(ResultUnit=None),
    row(Monitoring_Location="?"),
    row(MonitoringLocationType=7),
    row(ActivityType=None),
    row(CharacteristicName={"a": {"b": []}}),
    {f"c{number}": number for number in range(5_000)},
    row(**{"x" * 100_000: 1}),
    row(ResultComment="x" * 100_000),
]


@pytest.mark.parametrize("bad", GARBAGE, ids=lambda bad: str(list(bad.items())[-1:])[:60])
def test_a_row_that_breaks_the_schema_is_refused_with_what_it_breaks(
    client: FlaskClient, observed: Access, database: Database, bad: dict[str, Any]
) -> None:
    answer = client.put(observed.url, json=bad, auth=observed.auth)
    assert answer.status_code == 400
    error = answer.json["error"]
    assert error["code"] == "bad_observation"
    assert error["detail"]["count"] >= len(error["detail"]["findings"]) >= 1
    for finding in error["detail"]["findings"]:
        assert set(finding) == {"column", "value", "rule", "message"}
    assert len(answer.data) < 50_000
    assert not stored(database, observed)
    assert not locations(database, observed)


def test_a_batch_stores_the_good_rows_and_names_the_bad(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    rows = [row(), row(ActivityMediaName="Beer"), {"_a": 1}, row(ResultValue=3)]
    body = "\n".join(map(json.dumps, rows))
    answer = client.put(observed.url, data=body, headers=NDJSON, auth=observed.auth)
    assert answer.status_code == 207
    codes = [v.get("error", {}).get("code") for v in answer.json["verdicts"]]
    assert codes == [None, "bad_observation", "bad_document", None]
    finding = answer.json["verdicts"][1]["error"]["detail"]["findings"][0]
    assert (finding["column"], finding["value"]) == ("ActivityMediaName", "Beer")
    assert len(stored(database, observed)) == 2


def test_an_atomic_batch_is_stored_whole_or_not_at_all(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    url = f"{observed.url}?atomic=true"
    refused = client.put(url, json=[row(), row(ResultUnit=None)], auth=observed.auth)
    assert (refused.status_code, refused.json["stored"]) == (400, 0)
    assert not stored(database, observed)
    assert client.put(url, json=[row(), at("B")], auth=observed.auth).status_code == 201
    assert len(stored(database, observed)) == 2


@pytest.mark.parametrize("query", ["", "?atomic=true"])
@pytest.mark.parametrize("body", [row(), [row(), at("B"), {"a": 1}]], ids=["one", "batch"])
def test_a_repeat_stores_nothing_twice(
    client: FlaskClient, observed: Access, database: Database, body: Any, query: str
) -> None:
    headers = {"Idempotency-Key": "once"}
    url = observed.url + query
    first = client.put(url, json=body, headers=headers, auth=observed.auth)
    before = stored(database, observed)
    second = client.put(url, json=body, headers=headers, auth=observed.auth)
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert stored(database, observed) == before


def test_a_repeat_after_half_a_batch_stores_the_rest(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    headers = {"Idempotency-Key": "half"}
    rows = [at(f"S{n}", ResultValue=n) for n in range(10)]
    client.put(observed.url, json=rows, headers=headers, auth=observed.auth)
    kept = stored(database, observed)[:4]
    gone = [document["_id"] for document in stored(database, observed)[4:]]
    database.documents.delete_many({"_datasetid": observed.uuid, "_id": {"$in": gone}})
    database.idempotency.update_many({}, {"$set": {"done": False}})
    again = client.put(observed.url, json=rows, headers=headers, auth=observed.auth)
    assert again.json["stored"] == 10
    found = stored(database, observed)
    assert found[:4] == kept
    assert sorted(document["ResultValue"] for document in found) == list(range(10))


def test_a_location_says_what_the_latest_row_says(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    first = row(MonitoringLocationVerticalMeasure=9, MonitoringLocationVerticalUnit="m")
    client.put(observed.url, json=first, auth=observed.auth)
    (before,) = locations(database, observed)
    moved = row(MonitoringLocationLatitude=51.5, MonitoringLocationName="Moved")
    client.put(observed.url, json=[first, moved], auth=observed.auth)
    (after,) = locations(database, observed)
    assert after["_id"] == before["_id"]
    assert (after["Name"], after["Latitude"]) == ("Moved", 51.5)
    assert after["point"]["coordinates"] == [after["LongitudeNormalized"], 51.5]
    assert "VerticalMeasure" in before
    assert "VerticalMeasure" not in after


def test_a_counter_that_was_set_back_gives_no_observation_without_a_location(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    client.put(observed.url, json=[at("A"), at("B")], auth=observed.auth)
    behind = {"$inc": {"last": -1}}
    database.counters.update_one({"_id": "locations"}, behind)
    refused = client.put(observed.url, json=at("C"), auth=observed.auth)
    assert refused.status_code == 503
    assert len(stored(database, observed)) == 2
    assert client.put(observed.url, json=at("C"), auth=observed.auth).status_code == 201
    assert [place["ID"] for place in locations(database, observed)] == ["A", "B", "C"]


def test_the_same_place_of_two_datasets_is_two_locations(
    client: FlaskClient, services: Services, observed: Access, database: Database
) -> None:
    other = services.datasets.create("other", kind="observations")
    client.put(observed.url, json=row(), auth=observed.auth)
    url = f"/api/dataset/{other.dataset.uuid}/"
    assert client.put(url, json=row(), auth=(other.access.secret, "")).status_code == 201
    assert database.locations.count_documents({"ID": "BOW-01", "dataset": observed.uuid}) == 1
    assert database.locations.count_documents({"ID": "BOW-01", "dataset": other.dataset.uuid}) == 1


@pytest.fixture
def hubs(settings: Settings) -> Iterator[list[Services]]:
    """Eight hubs over one database, as eight processes have them."""
    opened = [open_hub(settings) for _ in range(8)]
    yield [hub.services for hub in opened]
    for hub in opened:
        hub.close()


def put(hub: Services, dataset: str, rows: list[dict[str, Any]]) -> None:
    outcome = hub.ingest.put(
        Incoming(dataset=dataset, body=json.dumps(rows).encode(), shape="array")
    )
    assert outcome.stored == len(rows)


def test_eight_at_once_make_one_location_an_id_and_no_number_twice(
    hubs: list[Services], observed: Access, database: Database
) -> None:
    def work(place: int) -> None:
        for step in range(6):
            sites = [f"S{(place + step + n) % 20}" for n in range(20)]
            put(hubs[place], observed.uuid, [at(site, ResultValue=step) for site in sites])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = stored(database, observed)
    assert len(found) == 8 * 6 * 20
    assert len({document["_observation"]["Id"] for document in found}) == len(found)
    by_name = {place["ID"]: place["_id"] for place in locations(database, observed)}
    assert len(locations(database, observed)) == len(by_name) == 20
    assert all(
        document["_observation"]["LocationId"] == by_name[document["MonitoringLocationID"]]
        for document in found
    )
    assert len(facets(database, observed)) == 20


def test_single_puts_at_once_are_numbered_too(
    client: FlaskClient, hubs: list[Services], observed: Access, database: Database
) -> None:
    def work(number: int) -> None:
        body = json.dumps(at(f"S{number % 5}", ResultValue=number)).encode()
        hubs[0].ingest.put(Incoming(dataset=observed.uuid, body=body, shape="object"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(160)))
    found = stored(database, observed)
    assert sorted(document["ResultValue"] for document in found) == list(range(160))
    assert len({document["_observation"]["Id"] for document in found}) == 160


def test_a_steady_sensor_writes_no_facet_again(
    client: FlaskClient, observed: Access, database: Database
) -> None:
    client.put(observed.url, json=row(), auth=observed.auth)
    database.facets.delete_many({"dataset": observed.uuid})
    client.put(observed.url, json=row(), auth=observed.auth)
    assert facets(database, observed) == []


def test_the_same_combination_has_the_same_digest_in_every_process() -> None:
    facet = Facet("d", 7, "Lake/Pond", "Surface Water", None, "pH", 2020)
    assert facet.digest.hex() == "b469f1e20b905665e1523b2edbac0256"


def test_a_plain_dataset_takes_such_rows_as_documents(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    assert client.put(dataset.url, json=row(), auth=dataset.auth).status_code == 201
    assert client.put(dataset.url, json={"a": None}, auth=dataset.auth).json["a"] is None
    assert not stored(database, dataset)
    assert not locations(database, dataset)


def test_a_deleted_dataset_takes_its_locations_and_facets_along(
    client: FlaskClient, services: Services, observed: Access, database: Database
) -> None:
    client.put(observed.url, json=[row(), at("B")], auth=observed.auth)
    database.imports.insert_one({"dataset": observed.uuid, "source": "rows.csv"})
    services.datasets.delete(observed.uuid)
    purge(services.datasets, Event())
    assert not stored(database, observed)
    assert not locations(database, observed)
    assert not facets(database, observed)
    assert not list(database.imports.find({"dataset": observed.uuid}))


@pytest.mark.parametrize(
    ("condition", "sort"),
    [
        ({"_datasetid": {"$in": ["{dataset}", "another"]}}, "_observation.Id"),
        ({"_datasetid": "{dataset}"}, "_observation.Id"),
        ({"_observation.LocationId": 1}, "_observation.Id"),
        ({"CharacteristicName": "pH"}, "_observation.Id"),
        ({}, "_observation.Id"),
    ],
)
def test_a_page_of_observations_comes_from_an_index_in_order(
    client: FlaskClient, observed: Access, database: Database, condition: dict[str, Any], sort: str
) -> None:
    client.put(observed.url, json=[row(), at("B")], auth=observed.auth)
    text = json.dumps(condition).replace("{dataset}", observed.uuid)
    asked = json.loads(text) | {"_observation.Id": {"$gt": 0}}
    plan = database.documents.find(asked).sort(sort, 1).limit(10).explain()
    winning = json.dumps(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in winning
    assert '"stage": "SORT"' not in winning
    assert "COLLSCAN" not in winning


@pytest.mark.parametrize(
    "condition",
    [
        {"CharacteristicName": "pH"},
        {"CharacteristicName": "pH", "ActivityStartYear": 2021},
        {"CharacteristicName": {"$in": ["pH", "x"]}, "ActivityMediaName": "Surface Water"},
        {"ActivityMediaName": "Surface Water"},
        {"MonitoringLocationType": "Lake/Pond"},
        {"ActivityGroupType": "Other"},
        {"ActivityStartYear": {"$gte": 2020}},
        {"dataset": "x"},
        {"LocationId": 7},
    ],
    ids=str,
)
@pytest.mark.parametrize("wanted", ["LocationId", "dataset"])
def test_facets_answer_from_their_indexes(
    client: FlaskClient,
    observed: Access,
    database: Database,
    condition: dict[str, Any],
    wanted: str,
) -> None:
    client.put(observed.url, json=[row(), at("B")], auth=observed.auth)
    found = database.facets.find(condition, {"_id": 0, wanted: 1})
    plan = found.explain()["queryPlanner"]["winningPlan"]
    assert "PROJECTION_COVERED" in json.dumps(plan)
