"""Pages of the strict OData root: whole, cheap at any depth, right while rows arrive, bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.errors import OverBudget
from hub.query.odata.asking import asked
from hub.query.odata.query_options import query_options
from hub.services import Services
from hub.services.odata.deadline import Deadline
from hub.services.odata.strict import catalogue, sources
from hub.services.odata.strict.plans import planned
from hub.services.odata.strict.types import ANY
from hub.services.queries import Budgets
from hub.settings import Settings
from hub.store.client import Mongo
from hub.store.pipelines import Pipelines
from hub.values import BSON_CODEC
from hub.wiring import open_hub
from tests.conftest import Access
from tests.live import wait_until
from tests.odata_world import World, made

ROOT = "/odata/v4"


@pytest.fixture(scope="module")
def world(services: Services, database: Database) -> World:
    found = made(services, database, range(1, 201))
    wait_until(lambda: len(services.datasets.published()) == 2, "published")
    return found


def get(client: FlaskClient, url: str, secret: str, size: int | None = None) -> TestResponse:
    headers = {"Prefer": f"odata.maxpagesize={size}"} if size else {}
    return client.get(url, auth=(secret, ""), headers=headers, buffered=True)


def pages(client: FlaskClient, url: str, secret: str, size: int) -> Iterator[list[dict[str, Any]]]:
    link: str | None = ROOT + url
    while link:
        answer = get(client, link, secret, size)
        assert answer.status_code == 200, answer.data
        yield answer.json["value"]
        following = answer.json.get("@odata.nextLink")
        assert following != link
        link = following


@pytest.mark.parametrize(
    "query",
    [
        "$select=Id",
        "$select=DOI",
        "$select=Id&$orderby=Id desc",
        "$select=Id&$filter=ResultValue gt 20",
        "$select=Id&$filter=DOI eq '10.25976/aaaa-aa01'&$skip=5&$top=50",
        "$select=Id,DOI&$orderby=CharacteristicName desc",
        "$select=Id,ResultValue&$orderby=ResultValue mul -1&$skip=3&$top=100",
        "$compute=ResultValue mul 2 as d&$filter=d gt 30&$select=Id,d",
        "$apply=groupby((Id))",
        "$apply=groupby((ActivityStartYear,CharacteristicName),aggregate($count as n))",
        "$search=oxygen&$select=Id",
        "select=Id&TOP=30&Skip=1",
    ],
)
@pytest.mark.parametrize("size", [7, 50])
def test_the_pages_are_the_whole(client: FlaskClient, world: World, query: str, size: int) -> None:
    url = f"/Observations?{query}"
    whole = get(client, ROOT + url, world.reader).json["value"]
    found = list(pages(client, url, world.reader, size))
    assert [row for rows in found for row in rows] == whole
    assert all(len(rows) == size for rows in found[:-1])
    assert whole


def test_rows_that_arrive_neither_repeat_nor_hide_one(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    own = {"_datasetid": dataset.uuid}
    rows = [{"_id": ObjectId(), **own, "_timestamp": 1000 + n // 3, "n": n} for n in range(50)]
    database["documents"].insert_many(rows)
    stop, arrived = threading.Event(), [1_000]

    def arrive() -> None:
        while not stop.is_set():
            number = arrived[0]
            late = {"_id": ObjectId(), **own, "_timestamp": 2000 + number, "n": number}
            database["documents"].insert_one(late)
            arrived[0] += 1

    writer = threading.Thread(target=arrive)
    writer.start()
    try:
        url = f"/Datasets('{dataset.uuid}')/Documents?$select=n&$filter=n lt 1200"
        found = [row["n"] for rows in pages(client, url, dataset.secret, 4) for row in rows]
    finally:
        stop.set()
        writer.join()
    assert found[:50] == list(range(50))
    assert found[50:] == sorted(set(found[50:]))


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("select=Id", "select=Id&$filter=Id gt 1"),
        lambda link: link.replace("Observations", "Records"),
        lambda link: link + "x",
        lambda link: link.replace("skiptoken=", "skiptoken=A"),
        lambda link: link.partition("skiptoken=")[0] + "skiptoken=Id:5",
        lambda link: link.partition("skiptoken=")[0] + "skiptoken=" + quote("é\0."),
    ],
)
def test_a_token_is_for_its_own_question(client: FlaskClient, world: World, change: Any) -> None:
    link = get(client, f"{ROOT}/Observations?select=Id", world.reader, 5).json["@odata.nextLink"]
    answer = get(client, change(link), world.reader, 5)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "bad_token"


def test_a_token_outlives_its_process(
    client: FlaskClient, world: World, settings: Settings
) -> None:
    link = get(client, f"{ROOT}/Observations?select=Id", world.reader, 5).json["@odata.nextLink"]
    elsewhere = open_hub(settings)
    visitor = create_app(settings, elsewhere.services).test_client()
    wait_until(lambda: len(elsewhere.services.datasets.published()) == 2, "published")
    again = get(visitor, link, world.reader, 5).json["value"]
    assert [row["Id"] for row in again] == [6, 7, 8, 9, 10]
    elsewhere.close()


def test_a_next_link_keeps_the_rest_of_the_question(client: FlaskClient, world: World) -> None:
    url = f"{ROOT}/Observations?$select=Id&$count=true&$format=application/json;metadata=none"
    first = get(client, url + "&own=a b", world.reader, 5)
    second = get(client, first.json["@odata.nextLink"], world.reader, 5)
    assert "own=a%20b" in first.json["@odata.nextLink"]
    assert second.json["@odata.count"] == 200
    assert "@odata.context" not in second.json


def test_the_pages_behind_are_as_large_as_the_first_was_wished(
    client: FlaskClient, world: World
) -> None:
    url = f"{ROOT}/Observations?$select=Id"
    second = get(client, get(client, url, world.reader, 5).json["@odata.nextLink"], world.reader)
    assert [row["Id"] for row in second.json["value"]] == [6, 7, 8, 9, 10]
    third = get(client, second.json["@odata.nextLink"], world.reader, 2)
    assert [row["Id"] for row in third.json["value"]] == [11, 12]


# What a page costs


def plan(database: Database, source: sources.Source, query: dict[str, str], after: Any) -> Any:
    question = asked(query_options(query.items()))
    found, _ = planned(source, question, Deadline(10_000)).page(after, 0, 11)
    stages = [dict(stage) for stage in found.stages]
    command = {"aggregate": found.collection, "pipeline": stages, "cursor": {}}
    return database.command("explain", command, verbosity="executionStats")


def examined(told: Any) -> int:
    """The documents that a plan looked at."""
    if isinstance(told, dict):
        own = [told["totalDocsExamined"]] if "totalDocsExamined" in told else []
        return max([*own, *(examined(one) for one in told.values())], default=0)
    return max((examined(one) for one in told), default=0) if isinstance(told, list) else 0


def stages_of(told: Any) -> set[str]:
    """The stages of the plan that was chosen."""
    if isinstance(told, dict):
        own = {told["stage"]} if isinstance(told.get("stage"), str) else set()
        chosen = (one for name, one in told.items() if name != "rejectedPlans")
        return own.union(*(stages_of(one) for one in chosen))
    return set().union(*(stages_of(one) for one in told)) if isinstance(told, list) else set()


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ({}, None),
        ({}, (150,)),
        ({"$orderby": "Id desc"}, None),
        ({"$orderby": "Id desc"}, (50,)),
        ({"$select": "DOI"}, (150,)),
        ({"$filter": "DOI eq '10.25976/aaaa-aa01'"}, (100,)),
        ({"$filter": "Id ge 190"}, None),
        ({"$filter": "Id eq 77"}, None),
        ({"$compute": "Id mul 2 as d"}, (150,)),
    ],
)
def test_a_page_of_observations_reads_its_rows_only(
    services: Services, database: Database, world: World, query: dict[str, str], after: Any
) -> None:
    store = Pipelines(Mongo(database.client, database.with_options(BSON_CODEC), False))
    source = catalogue.source("Observations", services.datasets.published(), store)
    told = plan(database, source, query, after)
    assert examined(told) <= 30
    assert not {"SORT", "COLLSCAN"} & stages_of(told)


@pytest.mark.parametrize(
    ("query", "after"),
    [
        ({}, (1_000_150, ObjectId("0" * 24))),
        ({"$orderby": "Timestamp desc"}, None),
        ({"$orderby": "Id"}, None),
        ({"$orderby": "Id desc"}, (1_000_100, ObjectId("0" * 24))),
        ({"$filter": "Timestamp ge 1970-01-12T13:49:00Z"}, None),
        ({"$filter": "Timestamp gt 1970-01-12T13:48:59.5Z and n gt 0"}, None),
        ({"$filter": "Timestamp eq 1970-01-12T13:49:00Z"}, None),
    ],
)
def test_a_page_of_documents_reads_its_rows_only(
    database: Database, dataset: Access, query: dict[str, str], after: Any
) -> None:
    rows = [
        {"_id": ObjectId(), "_datasetid": dataset.uuid, "_timestamp": 1_000_000 + n, "n": n}
        for n in range(200)
    ]
    database["documents"].insert_many(rows)
    told = plan(database, sources.documents(dataset.uuid, ANY), query, after)
    assert examined(told) <= 12
    assert not {"SORT", "COLLSCAN"} & stages_of(told)


def app_with(settings: Settings, budgets: Budgets) -> tuple[Flask, Any]:
    changed = Settings(
        mongo_uri=settings.mongo_uri,
        mongo_db=settings.mongo_db,
        secret=settings.secret,
        answer=budgets,
    )
    hub = open_hub(changed)
    return create_app(changed, hub.services), hub


def test_what_takes_too_long_is_refused_before_the_first_byte(
    settings: Settings, database: Database, dataset: Access
) -> None:
    row = {"_datasetid": dataset.uuid, "text": "x" * 500}
    rows = [{**row, "_id": ObjectId(), "_timestamp": n, "n": n} for n in range(20_000)]
    database["documents"].insert_many(rows)
    app, hub = app_with(settings, Budgets(report_ms=20))
    heavy = "indexof(concat(text,concat(text,text)),'y') eq 5"
    url = f"{ROOT}/Datasets('{dataset.uuid}')/Documents?$filter={heavy}"
    answer = get(app.test_client(), url, dataset.secret)
    assert answer.status_code == 408
    assert answer.json["error"]["code"] == OverBudget.code
    assert "$filter" in answer.json["error"]["message"]
    hub.close()


def test_what_takes_too_much_memory_says_what_to_narrow(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    text = "x" * 200_000
    for start in range(0, 600, 50):
        rows = [
            {"_id": ObjectId(), "_datasetid": dataset.uuid, "_timestamp": n, "n": n, "text": text}
            for n in range(start, start + 50)
        ]
        database["documents"].insert_many(rows)
    url = f"{ROOT}/Datasets('{dataset.uuid}')/Documents?$select=n&$orderby="
    refused = get(client, url + "substring(text,5),n", dataset.secret)
    assert refused.status_code == 408
    assert "leave $orderby out" in refused.json["error"]["message"]
    narrowed = get(client, url + "substring(text,5),n&$top=2", dataset.secret)
    assert [row["n"] for row in narrowed.json["value"]] == [0, 1]


def test_a_long_answer_is_streamed_in_pieces(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    rows = [
        {"_id": ObjectId(), "_datasetid": dataset.uuid, "_timestamp": n, "text": "x" * 2_000}
        for n in range(5_000)
    ]
    database["documents"].insert_many(rows)
    url = f"{ROOT}/Datasets('{dataset.uuid}')/Documents"
    answer = client.get(url, auth=dataset.auth)
    sizes = [len(piece) for piece in answer.iter_encoded()]
    assert sum(sizes) > 10_000_000
    assert max(sizes) < 2_000_000
    answer.close()


def test_a_client_that_leaves_gives_its_place_back(
    client: FlaskClient, settings: Settings, database: Database, dataset: Access
) -> None:
    rows = [{"_id": ObjectId(), "_datasetid": dataset.uuid, "_timestamp": n} for n in range(2_000)]
    database["documents"].insert_many(rows)
    url = f"{ROOT}/Datasets('{dataset.uuid}')/Documents"
    for _ in range(settings.concurrency.per_key + 1):
        answer = client.get(url, auth=dataset.auth)
        assert answer.status_code == 200
        next(answer.iter_encoded())
        answer.close()
