"""POST and GET: filters, order, pages, fields, formats, counts, pipelines."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
from collections.abc import Iterator

import pytest
from bson import Decimal128
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services
from tests.cases import query as corpus
from tests.conftest import Access

JSON = {"Content-Type": "application/json"}


def put(client: FlaskClient, dataset: Access, *documents: dict) -> list[str]:
    """Put documents; their ids."""
    answer = client.put(dataset.url, json=list(documents), auth=dataset.auth)
    assert answer.status_code == 201, answer.json
    return [verdict["_id"] for verdict in answer.json["verdicts"]]


def found(client: FlaskClient, dataset: Access, query: dict, **args: object) -> list[dict]:
    answer = client.post(dataset.url, json=query, query_string=args, auth=dataset.auth)
    assert answer.status_code == 200, answer.json
    return answer.json


def pages(client: FlaskClient, dataset: Access, query: dict, **args: object) -> Iterator[list]:
    """Every page, following the Link header as a client does."""
    url, send = dataset.url, {"query_string": args}
    while url:
        answer = client.post(url, json=query, auth=dataset.auth, **send)
        assert answer.status_code == 200, answer.json
        yield answer.json
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        url, send = link.partition(">")[0].removeprefix("<http://localhost"), {}


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_an_empty_query_gives_everything(client: FlaskClient, dataset: Access, body: bytes) -> None:
    put(client, dataset, {"n": 1}, {"n": 2})
    answer = client.post(dataset.url, data=body, headers=JSON, auth=dataset.auth)
    assert [row["n"] for row in answer.json] == [1, 2]
    assert client.get(dataset.url, auth=dataset.auth).json == answer.json


def test_an_empty_post_of_an_old_client_needs_no_content_type(
    client: FlaskClient, dataset: Access
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post(dataset.url, headers=form, auth=dataset.auth).json == []


def test_an_id_matches_as_it_was_given_out(client: FlaskClient, dataset: Access) -> None:
    first, second, third = put(client, dataset, {"n": 1}, {"n": 2}, {"n": 3})
    assert [r["n"] for r in found(client, dataset, {"_id": second})] == [2]
    assert [r["n"] for r in found(client, dataset, {"_id": {"$in": [first, third]}})] == [1, 3]
    assert [r["n"] for r in found(client, dataset, {"_id": {"$gt": first}})] == [2, 3]
    assert found(client, dataset, {"_id": "not an id"}) == []


def test_no_filter_reaches_another_dataset(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    other = services.datasets.create("other").dataset.uuid
    put(client, dataset, {"n": 1})
    widening = [
        {"_datasetid": other},
        {"$or": [{"n": 1}, {"_datasetid": other}]},
        {"$nor": [{"_datasetid": dataset.uuid}]},
        {"_datasetid": {"$ne": dataset.uuid}},
        {"$expr": {"$ne": ["$_datasetid", dataset.uuid]}},
    ]
    for query in widening:
        rows = found(client, dataset, query)
        assert {row["_datasetid"] for row in rows} <= {dataset.uuid}, query


MIXED = [
    {"v": 3}, {"v": 1.5}, {}, {"v": None}, {"v": "b"}, {"v": "a"}, {"v": True}, {"v": False},
    {"v": [5, 0]}, {"v": []}, {"v": {"x": 1}}, {"v": 3}, {"v": -2}, {"v": [[1], 2]}, {"v": ["z"]},
]  # fmt: skip


SORTS = [None, "_timestamp", "-_timestamp", "_id", "v", "-v", "v,-n", "-v,n", "n,v"]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_join_to_the_whole_in_every_order_over_every_type(
    client: FlaskClient, dataset: Access, sort: str | None, limit: int
) -> None:
    documents = [{**document, "n": n % 4} for n, document in enumerate(MIXED * 2)]
    random.Random(3).shuffle(documents)
    put(client, dataset, *documents)
    args = {"sort": sort} if sort else {}
    whole = found(client, dataset, {}, **args)
    joined = list(pages(client, dataset, {}, limit=limit, **args))
    assert [row for page in joined for row in page] == whole
    assert len(whole) == len(documents)
    assert all(len(page) == limit for page in joined[:-1])


def test_a_sort_is_mongodbs_own_order(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    put(client, dataset, *({**document, "n": n} for n, document in enumerate(MIXED)))
    for sort, direction in (("v", 1), ("-v", -1)):
        native = database.documents.find({"_datasetid": dataset.uuid}).sort(
            [("v", direction), ("_id", 1)]
        )
        assert [r["n"] for r in found(client, dataset, {}, sort=sort)] == [r["n"] for r in native]


def test_rows_that_arrive_while_paging_neither_repeat_nor_hide_one(
    client: FlaskClient, dataset: Access
) -> None:
    put(client, dataset, *({"n": n} for n in range(10)))
    seen: list[int] = []
    for page in pages(client, dataset, {}, limit=3):
        seen += [row["n"] for row in page]
        if len(seen) < 12:
            put(client, dataset, {"n": 100 + len(seen)})
    assert seen[:10] == list(range(10))
    assert len(seen) == len(set(seen)) == 13


def test_the_last_page_has_no_link(client: FlaskClient, dataset: Access) -> None:
    put(client, dataset, {"n": 1}, {"n": 2})
    assert [len(page) for page in pages(client, dataset, {}, limit=2)] == [2]


def test_fields_show_just_what_they_name(client: FlaskClient, dataset: Access) -> None:
    put(client, dataset, {"a": 1, "o": {"b": 2, "c": 3}}, {"a": 4})
    for args in ({}, {"limit": 1}, {"sort": "-a", "limit": 1}, {"sort": "a"}):
        rows = found(client, dataset, {"a": 1}, fields="a,o.b", **args)
        assert rows == [{"a": 1, "o": {"b": 2}}], args
    (row,) = found(client, dataset, {"a": 4}, fields="-_timestamp,-a", limit=5)
    assert {"_id", "_datasetid"} <= set(row)
    assert not {"a", "_timestamp"} & set(row)
    pair = found(client, dataset, {}, fields="_id,a", limit=1)
    assert set(pair[0]) == {"_id", "a"}


@pytest.mark.parametrize("fields", ["_id.x", "-_id.x", "_order_0.v", "-_order_0.v", "-_timestamp"])
def test_fields_do_not_touch_the_keys_of_the_order(
    client: FlaskClient, dataset: Access, fields: str
) -> None:
    put(client, dataset, {"n": 3}, {"n": 1}, {"n": 2})
    found_pages = pages(client, dataset, {}, fields=fields, sort="n", limit=1)
    shown = [row.get("n") for page in itertools.islice(found_pages, 5) for row in page]
    assert shown == ([1, 2, 3] if fields[0] == "-" else [None] * 3)


def test_skip_and_count(client: FlaskClient, dataset: Access) -> None:
    put(client, dataset, *({"n": n} for n in range(7)))
    assert [r["n"] for r in found(client, dataset, {}, skip=5)] == [5, 6]
    assert [r["n"] for r in found(client, dataset, {}, skip=1, limit=2)] == [1, 2]
    assert found(client, dataset, {"n": {"$gte": 3}}, count="true") == {"count": 4}
    assert client.get(f"{dataset.url}?count=true", auth=dataset.auth).json == {"count": 7}
    assert found(client, dataset, {"n": 99}, count="true") == {"count": 0}


@pytest.mark.parametrize(
    ("args", "parameter"),
    [
        ({"limit": "0"}, "limit"), ({"limit": "1_0"}, "limit"), ({"limit": "\u0663"}, "limit"),
        ({"limit": "10001"}, "limit"), ({"limit": "x"}, "limit"), ({"limit": ""}, "limit"),
        ({"skip": "-1"}, "skip"), ({"skip": "100001"}, "skip"), ({"after": "x"}, "after"),
        ({"sort": "a,,b"}, "sort"), ({"sort": "$where"}, "sort"), ({"fields": "a,a.b"}, "fields"),
        ({"fields": "a,-b"}, "fields"), ({"format": "xml"}, "format"), ({"filter": "x"}, "filter"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_named(
    client: FlaskClient, dataset: Access, args: dict, parameter: str
) -> None:
    answer = client.get(dataset.url, query_string=args, auth=dataset.auth)
    assert answer.status_code == 400
    assert parameter in json.dumps(answer.json["error"]["detail"])


def test_a_token_is_good_only_where_it_was_given(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    put(client, dataset, {"n": 1}, {"n": 2})
    first = client.get(f"{dataset.url}?limit=1", auth=dataset.auth)
    token = first.headers["Link"].partition("after=")[2].partition(">")[0]
    made = services.datasets.create("other")
    elsewhere = Access(made.dataset.uuid, made.access.secret)
    for access, args in (
        (dataset, {"after": token[:-1] + ("A" if token[-1] != "A" else "B")}),
        (dataset, {"after": "A" + token}),
        (dataset, {"after": token, "sort": "n"}),
        (elsewhere, {"after": token}),
    ):
        answer = client.get(access.url, query_string=args, auth=access.auth)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_token")


def test_formats(client: FlaskClient, dataset: Access) -> None:
    rows = [{"n": 1, "o": {"x": "a,b"}}, {"n": 2.5, "l": [1, None]}, {"n": True}]
    put(client, dataset, *rows)

    def get(accept: str | None = None, **args: str) -> tuple[str, str]:
        headers = {"Accept": accept} if accept else {}
        answer = client.get(dataset.url, query_string=args, headers=headers, auth=dataset.auth)
        return answer.mimetype, answer.text

    fields = {"fields": "n,o.x,l"}
    kind, text = get(format="ndjson", **fields)
    assert kind == "application/x-ndjson"
    assert [json.loads(line) for line in text.splitlines()] == rows
    kind, text = get("text/csv", **fields)
    assert (kind, text) == ("text/csv", 'n,o.x,l\r\n1,"a,b",\r\n2.5,,"[1,null]"\r\ntrue,,\r\n')
    assert get("application/json;q=0.5, text/csv", **fields)[0] == "text/csv"
    assert get("*/*")[0] == get("text/html, */*;q=0.1")[0] == get()[0] == "application/json"
    assert get("text/csv", format="json")[0] == "application/json"


def test_csv_without_fields_finds_every_column(client: FlaskClient, dataset: Access) -> None:
    put(client, dataset, {"a": 1}, {"b": {"c": "ä", "d": {}}})
    answer = client.get(f"{dataset.url}?format=csv", auth=dataset.auth)
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert (first["a"], first["b.c"], second["a"], second["b.c"], second["b.d"]) == (
        "1", "", "", "ä", "{}",
    )  # fmt: skip
    assert first["_id"]
    assert first["_datasetid"] == dataset.uuid


def test_a_format_that_is_not_given_is_406(client: FlaskClient, dataset: Access) -> None:
    answer = client.get(dataset.url, headers={"Accept": "image/png"}, auth=dataset.auth)
    assert answer.status_code == 406


def test_awkward_values_have_a_form(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    (id_,) = put(client, dataset, {"big": 2**63 - 1, "x": 0.1 + 0.2, "s": 'q"\n\u2028'})
    database.documents.update_one(
        {"_datasetid": dataset.uuid}, {"$set": {"d": Decimal128("12.3400")}}
    )
    (row,) = found(client, dataset, {"_id": id_})
    assert (row["big"], row["x"], row["s"], row["d"]) == (
        2**63 - 1, 0.1 + 0.2, 'q"\n\u2028', "12.3400",
    )  # fmt: skip


def test_numbers_in_csv_keep_every_digit(
    client: FlaskClient, dataset: Access, database: Database
) -> None:
    values = [0.1 + 0.2, 1e300, -0.0, 2**63 - 1, 123456789.12345679]
    put(client, dataset, *({"v": value} for value in values))
    text = client.get(f"{dataset.url}?format=csv&fields=v", auth=dataset.auth).text
    assert [json.loads(line) for line in text.split()[1:]] == values
    database.documents.update_many({"_datasetid": dataset.uuid}, {"$set": {"v": float("nan")}})
    text = client.get(f"{dataset.url}?format=csv&fields=v&limit=1", auth=dataset.auth).text
    assert text == 'v\r\n""\r\n'


def test_a_pipeline_sees_only_its_dataset(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    made = services.datasets.create("other")
    put(client, Access(made.dataset.uuid, made.access.secret), {"s": "a", "n": 100})
    put(client, dataset, {"s": "a", "n": 1}, {"s": "a", "n": 3}, {"s": "b", "n": 5})
    pipeline = [{"$group": {"_id": "$s", "mean": {"$avg": "$n"}}}, {"$sort": {"_id": 1}}]
    answer = client.post(f"{dataset.url}aggregate/", json=pipeline, auth=dataset.auth)
    assert answer.json == [{"_id": "a", "mean": 2.0}, {"_id": "b", "mean": 5.0}]
    as_csv = client.post(f"{dataset.url}aggregate/?format=csv", json=pipeline, auth=dataset.auth)
    assert as_csv.text == "_id,mean\r\na,2.0\r\nb,5.0\r\n"


@pytest.mark.parametrize("case", corpus.hostile(), ids=lambda case: case.name)
def test_a_hostile_query_is_refused_before_the_driver(
    client: FlaskClient, dataset: Access, case: corpus.Hostile
) -> None:
    url = dataset.url if case.position == "filter" else f"{dataset.url}aggregate/"
    answer = client.post(url, data=written(case.query), headers=JSON, auth=dataset.auth)
    assert 400 <= answer.status_code < 500, case.why
    assert answer.json["error"]["code"] in {
        "bad_query",
        "query_too_complex",
        "not_json",
        "too_large",
    }


def written(value: object) -> bytes:
    """JSON text of a query however deep it is: the standard writer stops at its own depth."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return unrolled(value).encode()


def unrolled(value: object) -> str:
    parts: list[str] = []
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Text):
            parts.append(item)
        elif isinstance(item, dict):
            stack.append(Text("}"))
            for n, (key, inner) in enumerate(reversed(item.items())):
                comma = "" if n == len(item) - 1 else ","
                stack += [inner, Text(f"{comma}{json.dumps(key)}:")]
            stack.append(Text("{"))
        elif isinstance(item, list):
            stack.append(Text("]"))
            for n, inner in enumerate(reversed(item)):
                stack += [inner, Text("" if n == len(item) - 1 else ",")]
            stack.append(Text("["))
        else:
            parts.append(json.dumps(item))
    return "".join(parts)


class Text(str):
    """Ready JSON text among values that are still to be written."""


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"5",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b"\xff",
        b"null",
        b'{"a":9999999999999999999}',
    ],
)
def test_a_query_that_is_no_filter_is_refused(
    client: FlaskClient, dataset: Access, body: bytes
) -> None:
    answer = client.post(dataset.url, data=body, headers=JSON, auth=dataset.auth)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] in {"bad_query", "not_json"}


def test_a_query_body_is_bounded(client: FlaskClient, dataset: Access) -> None:
    body = b'{"a": "' + b"x" * (1024 * 1024) + b'"}'
    answer = client.post(dataset.url, data=body, headers=JSON, auth=dataset.auth)
    assert (answer.status_code, answer.json["error"]["detail"]["max"]) == (413, 1024 * 1024)


def test_a_query_body_of_another_type_is_refused(client: FlaskClient, dataset: Access) -> None:
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post(dataset.url, data=b"{}", headers=headers, auth=dataset.auth)
    assert answer.status_code == 415


def test_an_empty_parameter_is_not_an_absent_one(client: FlaskClient, dataset: Access) -> None:
    for name in ("sort", "fields", "after", "format"):
        answer = client.get(f"{dataset.url}?{name}=", auth=dataset.auth)
        assert answer.status_code == 400, name


def test_a_parameter_stands_once(client: FlaskClient, dataset: Access) -> None:
    for url in (f"{dataset.url}?limit=1&limit=2", f"{dataset.url}aggregate/?format=csv&format=csv"):
        answer = client.post(url, json={}, auth=dataset.auth)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


def test_a_count_stands_alone(client: FlaskClient, dataset: Access) -> None:
    for other in ("sort=a", "fields=a", "limit=1", "skip=1", "after=x"):
        answer = client.get(f"{dataset.url}?count=true&{other}", auth=dataset.auth)
        assert answer.status_code == 400, other


def test_csv_writes_a_named_object_as_json(client: FlaskClient, dataset: Access) -> None:
    put(client, dataset, {"wind": {"dir": 2, "speed": 1}}, {"wind": 3}, {})
    answer = client.get(f"{dataset.url}?format=csv&fields=wind", auth=dataset.auth)
    assert answer.text == 'wind\r\n"{""dir"":2,""speed"":1}"\r\n3\r\n""\r\n'


def test_an_empty_csv_is_empty(client: FlaskClient, dataset: Access) -> None:
    assert client.get(f"{dataset.url}?format=csv", auth=dataset.auth).data == b""
    named = client.get(f"{dataset.url}?format=csv&fields=a,b", auth=dataset.auth)
    assert named.data == b"a,b\r\n"
