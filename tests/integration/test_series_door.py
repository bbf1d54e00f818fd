"""The door of a dataset's series: filters, hostile words, keys, formats, and what a page reads."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.series.names import STORED_VALUES, VALUE_LETTERS
from hub.services import Services, scopes
from hub.services.permits import Allowance
from hub.services.queries import Budgets
from hub.services.streams.reading.readings import ReadLimits
from hub.settings import Settings
from hub.values import Reach
from tests.conftest import Access
from tests.series import (
    FIELD,
    START,
    ask,
    hub_with,
    iso,
    shown,
    store,
    told,
)


@pytest.fixture(scope="module")
def steady(services: Services, database: Database) -> Access:
    """A dataset of a number every 7 seconds."""
    made = services.datasets.create("steady")
    dataset = Access(made.dataset.uuid, made.access.secret)
    store(database, dataset, [(START + 7 * n, n) for n in range(400)])
    return dataset


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({"station": "roof"}, [0, 2, 4]),
        ({"station": {"$in": ["roof", "cellar"]}}, [0, 1, 2, 3, 4, 5]),
        ({"_timestamp": {"$gte": START + 4}}, [4, 5]),
        ({"$or": [{"wind.speed": 1}, {"wind.speed": 4}]}, [1, 4]),
        ({"station": "nowhere"}, []),
        ({}, [0, 1, 2, 3, 4, 5]),
    ],
    ids=repr,
)
def test_a_filter_chooses_documents(
    client: FlaskClient, database: Database, dataset: Access, query: Any, values: list[int]
) -> None:
    for n in range(6):
        store(database, dataset, [(START + n, n)], station="cellar" if n % 2 else "roof")
    asked = {"filter": json.dumps(query)}
    assert shown(client, dataset, **asked) == values
    days = shown(client, dataset, **asked, granularity="days", partial="true")
    assert [day["s"] for day in days] == ([sum(values)] if values else [])


@pytest.mark.parametrize(
    "query",
    [
        lambda uuid: {"_datasetid": uuid},
        lambda uuid: {"$or": [{"wind.speed": 1}, {"_datasetid": uuid}]},
        lambda uuid: {"$nor": [{"_datasetid": "x"}]},
        lambda uuid: {"_datasetid": {"$in": [uuid]}},
    ],
)
def test_no_filter_reaches_another_dataset(
    client: FlaskClient, database: Database, dataset: Access, steady: Access, query: Any
) -> None:
    store(database, dataset, [(START, 1)])
    found = shown(client, dataset, filter=json.dumps(query(steady.uuid)), limit=10_000)
    assert found in ([], [1])


HOSTILE_FILTERS = [
    '{"$where": "true"}', '{"a": {"$where": "1"}}', '{"$expr": {"$function": {}}}', "[]", "5",
    '"x"', "null", '[{"$match": {}}]', '{"$jsonSchema": {}}', '{"a": NaN}', '{"a":1,"a":2}',
    '{"a": {"$gt": 1}, "$out": "keys"}', '{"": {"$oid": "x"}}', '{"a": 9999999999999999999999}',
    '{"a":' * 60 + "1" + "}" * 60,
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE_FILTERS, ids=lambda text: text[:24])
def test_a_hostile_filter_is_refused(client: FlaskClient, dataset: Access, query: str) -> None:
    answer = ask(client, dataset, filter=query)
    assert answer.status_code == 400, answer.text
    assert answer.json["error"]["code"] in {"bad_query", "query_too_complex"}


@pytest.mark.parametrize("query", ["", "{", "{'a': 1}", "{} {}", "a=1", "\ud800", "[" * 100_000])
def test_a_filter_that_is_no_json_is_refused(
    client: FlaskClient, dataset: Access, query: str
) -> None:
    url = f"{dataset.url}series/?field=a&filter={query.encode('utf-8', 'surrogatepass')!r}"
    answer = client.get(url, auth=dataset.auth)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "not_json")


@pytest.mark.parametrize("operator", [{"a": {"$regex": "^a"}}, {"$expr": {"$gt": ["$a", 1]}}])
def test_an_analysts_operators_need_the_scope(
    client: FlaskClient, services: Services, dataset: Access, operator: Any
) -> None:
    reach = Reach.of_dataset(dataset.uuid)
    reader = services.keys.create("reader", [scopes.READ], reach=reach)
    plain = Access(dataset.uuid, reader.secret)
    answer = ask(client, plain, filter=json.dumps(operator))
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")
    analyst = services.keys.create("analyst", [scopes.READ, scopes.ANALYZE], reach=reach)
    allowed = ask(client, Access(dataset.uuid, analyst.secret), filter=json.dumps(operator))
    assert allowed.status_code == 200


HOSTILE_FIELDS = [
    "", "$where", "$$ROOT", "$$NOW.x", "a.$b", "a..b", ".a", "a.", "a\0b", "$", "a.$function",
    ".".join("a" * 40), "x" * 5000, "$expr",
]  # fmt: skip


@pytest.mark.parametrize("field", HOSTILE_FIELDS, ids=lambda text: repr(text)[:20])
@pytest.mark.parametrize("granularity", ["seconds", "days"])
def test_a_hostile_field_is_refused(
    client: FlaskClient, dataset: Access, field: str, granularity: str
) -> None:
    answer = ask(client, dataset, field=field, granularity=granularity)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_parameter")
    assert error["detail"]["parameter"] == "field"


@pytest.mark.parametrize(
    "field", ["v", "at", "_id", "a b", "a$b", "ROOT", "é", "0", "a-b", "{}", "v.at", "count"]
)
@pytest.mark.parametrize("granularity", ["seconds", "minutes", "months"])
def test_any_other_name_is_only_a_name(
    client: FlaskClient, database: Database, dataset: Access, field: str, granularity: str
) -> None:
    if field != "_id":
        document: Any = 5
        for step in reversed(field.split(".")):
            document = {step: document}
        hub = {"_datasetid": dataset.uuid, "_timestamp": START}
        database.documents.insert_one({**document, **hub})
    found = shown(client, dataset, field=field, granularity=granularity, partial="true")
    sums = [value["s"] if isinstance(value, dict) else value for value in found]
    assert sums == ([] if field == "_id" else [5])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "field"),
        ("field=a&field=b", "field"),
        ("field=a&limit=1&limit=2", "limit"),
        ("field=a&order=up", "order"),
        ("field=a&points=5", "points"),
        ("field=a&downsample=lttb", "downsample"),
        ("field=a&callback=f", "callback"),
        ("field=a&format=jsonp", "format"),
        ("field=a&format=", "format"),
        ("field=a&granularity=2seconds", "granularity"),
        ("field=a&granularity=", "granularity"),
        ("field=a&start=now", "start"),
        ("field=a&start=1&start_exclusive=2", "start"),
        ("field=a&end=1&end_exclusive=2", "end"),
        ("field=a&limit=-1", "limit"),
        ("field=a&offset=x", "offset"),
        ("field=a&value_downsamplers=mode", "value_downsamplers"),
        ("field=a&time_downsamplers=e", "time_downsamplers"),
        ("field=a&g=s&granularity=m", "granularity"),
        ("field=a&tz=Nowhere", "tz"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(
    client: FlaskClient, dataset: Access, query: str, parameter: str
) -> None:
    answer = client.get(f"{dataset.url}series/?{query}", auth=dataset.auth)
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "bad_parameter")
    assert error["detail"]["parameter"] == parameter


def test_every_refusal_of_a_stranger_is_the_same(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    other = services.datasets.create("another").access.secret
    revoked = services.keys.create("gone", [scopes.READ], reach=Reach.of_dataset(dataset.uuid))
    services.keys.revoke(revoked.key.id)
    url = f"{dataset.url}series/?field=a"
    answers = [
        client.get(url),
        client.get(url, auth=(other, "")),
        client.get(url, auth=(revoked.secret, "")),
        client.get(url, auth=("hub_no_key", "")),
        client.get(url, auth=(dataset.secret, "a password")),
        client.get(f"/api/dataset/{ObjectId()}/series/?field=a", auth=dataset.auth),
        client.get(f"{dataset.url}series/?field=$where&filter=x&nonsense=1", auth=(other, "")),
    ]
    assert [answer.status_code for answer in answers] == [401] * 7
    assert len({answer.data for answer in answers}) == 1


def test_a_key_without_the_scope_is_told_which(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    made = services.keys.create("of streams", [scopes.STREAM_WRITE])
    answer = ask(client, Access(dataset.uuid, made.secret))
    assert (answer.status_code, answer.json["error"]["detail"]["scope"]) == (403, scopes.READ)


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_series_is_only_read(client: FlaskClient, dataset: Access, method: str) -> None:
    answer = getattr(client, method)(f"{dataset.url}series/?field=a", auth=dataset.auth)
    assert answer.status_code == 405


def test_csv_has_the_columns_that_were_asked_for(client: FlaskClient, steady: Access) -> None:
    params = {"granularity": "minutes", "limit": 2, "v": "m,c", "format": "csv"}
    answer = ask(client, steady, **params)
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["t.a", "t.m", "t.z", "v.c", "v.m"]
    assert len(rows) == 3
    assert f"/api/dataset/{steady.uuid}/series/?" in answer.headers["Link"]
    raw = ask(client, steady, limit=2, format="csv")
    assert raw.text == f"t,v\r\n{iso(START)},0\r\n{iso(START + 7)},1\r\n"


def test_lines_and_xml_hold_the_same_datapoints(client: FlaskClient, steady: Access) -> None:
    params = {"granularity": "minutes", "limit": 3}
    wanted = told(client, steady, **params)["datapoints"]
    lines = ask(client, steady, **params, format="ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == wanted
    tree = ElementTree.fromstring(ask(client, steady, **params, format="xml").data)
    counts = [int(point.findtext("v/c") or "") for point in tree.iterfind("datapoints/object")]
    assert counts == [point["v"]["c"] for point in wanted]


def test_no_page_of_anybody_can_run_the_answer_as_a_script(
    client: FlaskClient, steady: Access
) -> None:
    url, accept = f"{steady.url}series/?field={FIELD}", {"Accept": "text/javascript"}
    answer = client.get(url, headers=accept, auth=steady.auth)
    assert answer.content_type == "application/json"
    assert answer.data.startswith(b"{")


def test_a_series_that_did_not_change_is_not_sent_again(
    client: FlaskClient, database: Database, dataset: Access
) -> None:
    store(database, dataset, [(START, 1)])
    seen = {"If-None-Match": ask(client, dataset).headers["ETag"]}
    url = f"{dataset.url}series/?field={FIELD}"
    assert client.get(url, headers=seen, auth=dataset.auth).status_code == 304
    store(database, dataset, [(START + 1, 2)])
    assert client.get(url, headers=seen, auth=dataset.auth).status_code == 200


@contextmanager
def profiled(database: Database) -> Iterator[list[dict[str, Any]]]:
    """What the server did for each query on documents, filled in at the end."""
    done: list[dict[str, Any]] = []
    database.command("profile", 2)
    try:
        yield done
    finally:
        database.command("profile", 0)
        done += database["system.profile"].find({"command.aggregate": "documents"})
        database["system.profile"].drop()


@pytest.fixture(scope="module")
def long(services: Services, database: Database) -> Access:
    """A dataset of 30,000 documents, one a second, between two others of the same time."""
    made = [services.datasets.create("long") for _ in range(3)]
    datasets = [Access(each.dataset.uuid, each.access.secret) for each in made]
    for each in datasets:
        store(database, each, [(START + n, n) for n in range(30_000)])
    return datasets[1]


@pytest.mark.parametrize(
    ("params", "most"),
    [
        ({"granularity": "minutes", "limit": 5, "offset": 200}, 300),
        ({"granularity": "minutes", "limit": 5, "offset": 200, "reverse": "true"}, 300),
        ({"granularity": "minutes", "start": START + 20_000, "limit": 5}, 300),
        ({"granularity": "minutes", "limit": 0}, 0),
        ({"granularity": "10seconds", "end": START + 500}, 520),
        ({"granularity": "minutes", "limit": 5, "v": "median"}, 600),
        ({"granularity": "hours", "tz": "Asia/Kathmandu", "limit": 1}, 3600),
        ({"start": START + 20_000, "end": START + 20_099, "limit": 1000}, 101),
        ({"start": START + 20_000, "end": START + 20_099, "limit": 10}, 112),
        ({"start": START + 40_000}, 0),
    ],
    ids=repr,
)
def test_a_page_reads_only_its_own_range_of_the_index(
    client: FlaskClient, database: Database, long: Access, params: dict[str, Any], most: int
) -> None:
    with profiled(database) as done:
        told(client, long, **params)
    assert {each["planSummary"] for each in done} == {
        "IXSCAN { _datasetid: 1, _timestamp: 1, _id: 1 }"
    }
    ends = 2
    assert sum(each["keysExamined"] for each in done) <= most + 2 * ends
    assert sum(each["docsExamined"] for each in done) <= most + ends


@pytest.mark.parametrize(
    "query", [{}, {"_timestamp": {"$gte": START}}, {"$or": [{"a": 1}, {"wind.speed": {"$gte": 0}}]}]
)
def test_a_filter_keeps_the_bounds_of_the_index(
    client: FlaskClient, database: Database, long: Access, query: Any
) -> None:
    with profiled(database) as done:
        told(client, long, granularity="minutes", limit=5, offset=200, filter=json.dumps(query))
    assert sum(each["docsExamined"] for each in done) <= 302


def test_thousands_of_documents_a_bucket_stay_in_the_database(
    client: FlaskClient, long: Access
) -> None:
    told(client, long, granularity="hours")
    tracemalloc.start()
    try:
        assert len(told(client, long, granularity="hours")["datapoints"]) == 8
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_series_has_the_time_of_a_query(settings: Settings, long: Access) -> None:
    with hub_with(settings, answer=Budgets(find_ms=1, report_ms=1)) as client:
        answer = ask(client, long, granularity="days", partial="true")
        assert (answer.status_code, answer.json["error"]["code"]) == (408, "over_budget")


def test_a_place_is_given_back_whatever_comes_of_it(settings: Settings, long: Access) -> None:
    narrow = {"concurrency": Allowance(total=1, per_key=1, heavy=1, wait_s=0.05)}
    with hub_with(settings, stream=ReadLimits(raw_points_max=1), **narrow) as client:
        for _ in range(3):
            assert ask(client, long, granularity="days", v="median", partial="1").status_code == 400
            assert ask(client, long, field="$x").status_code == 400
            assert ask(client, long, granularity="days").status_code == 200


def test_a_put_document_is_a_datapoint_at_its_arrival(client: FlaskClient, dataset: Access) -> None:
    for value in (1, 2.5, None):
        body = {"wind": {"speed": value}}
        put = client.put(dataset.url, json=body, auth=dataset.auth)
        assert put.status_code == 201
    answer = told(client, dataset)
    assert [point["v"] for point in answer["datapoints"]] == [1, 2.5, None]
    assert answer["datapoints"][-1]["t"] == iso(put.json["_timestamp"])


def test_every_stored_downsampler_is_given_by_default(client: FlaskClient, steady: Access) -> None:
    letters = {VALUE_LETTERS[name] for name in STORED_VALUES}
    for point in told(client, steady, granularity="minutes")["datapoints"]:
        assert set(point["v"]) == letters
