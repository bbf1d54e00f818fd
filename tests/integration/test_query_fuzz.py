"""Any request to a dataset gets an answer in form: what was asked for, or a refusal."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from hub.services import Services
from tests.cases import query as corpus
from tests.conftest import Access

ROWS = [
    {
        "n": n,
        "temp": 18.5 + n,
        "station": ("north", "south")[n % 2],
        "at": "2024-01-01T00:00:00Z",
        "tags": ["a", None, {"b": [n]}],
        "nested": {"a": n, "b": {"c": 'ä,"\r\n'}},
        "loc": {"type": "Point", "coordinates": [n, n]},
        "big": 2**63 - 1 - n,
    }
    for n in range(4)
] + [{"n": "x", "temp": None, "nested": 1}, {"tags": [], "nested": {}}, {}]

ODD: list[Any] = [
    None, True, 0, -1, 5, 1.5, 1e300, -5e-324, 2**63 - 1, 2**64, "", "x", "$n", "$temp", "$nested",
    "$tags", "$$ROOT", "$$x", "\ud800", "\0", [], [1], ["$n"], {}, {"a": 1}, {"$literal": "$n"},
    {"$date": 0}, {"$date": {"$numberLong": "9" * 15}}, {"$oid": "0" * 24}, {"$numberLong": "5"},
    {"$numberDecimal": "1.50"}, {"$toDate": 10**15}, {"$toDecimal": "NaN"}, {"$exp": 1000},
    {"$toDouble": "-Infinity"}, {"$where": "1"}, {"$regex": "^n"},
    {"$arrayToObject": {"$literal": [["a.b", 1], ["a", {"b": 2}], ["c", 3], ["c", 4]]}},
    {"$arrayToObject": {"$literal": [["", 1], ["\r\n", 2], ["\"", {"": {}}]]}},
    {"$setField": {"field": "d.e", "input": {}, "value": "$n"}},
    {"$objectToArray": "$$ROOT"}, {"$dateFromParts": {"year": 9999, "day": 400}},
]  # fmt: skip
EXAMPLES = [
    (position, example)
    for position, examples in corpus.read("examples.json").items()
    for example in examples.values()
]
FILTERS = [e for p, e in EXAMPLES if p == "query"]
FILTERS += [case.query for case in corpus.allowed() if case.position == "filter"]
PIPELINES = [corpus.placed(p, e) for p, e in EXAMPLES if p != "query"]
PIPELINES += [[{"$replaceWith": {"v": value}}] for value in ODD]
KNOWN = {"filter": FILTERS, "pipeline": PIPELINES}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a query."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def put_at(value: Any, path: tuple[Any, ...], item: Any) -> Any:
    if not path:
        return item
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put_at(value[path[0]], path[1:], item)
    return copy


@st.composite
def queries(draw: st.DrawFn, kind: str) -> Any:
    """A query that runs, with up to two odd values somewhere in it."""
    query = draw(st.sampled_from(KNOWN[kind]))
    for _ in range(draw(st.integers(0, 2))):
        query = put_at(query, draw(st.sampled_from(places(query))), draw(st.sampled_from(ODD)))
    return query


JOINED = st.lists(queries("pipeline"), max_size=2).map(
    lambda parts: [stage for part in parts if isinstance(part, list) for stage in part]
)
JSON = st.recursive(
    st.one_of(st.sampled_from(ODD), st.text(max_size=3), st.floats(), st.integers()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["n", "$and", "$match", "$project", "_id", "a.b"]), inner)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["n", "temp", "nested", "nested.a", "tags", "_id", "_timestamp", "_datasetid", "big", "x",
     "_order_0", "_order_0.v", "_id.x", "_timestamp.x", "tags.0", "tags.b", "", "$n", "a..b", "ä",
     "\0", "v"]
)  # fmt: skip
LISTS = st.one_of(
    st.sampled_from(["n", "-n,temp", "nested", "-nested.a,-tags", "tags", "_id,n", "-_timestamp"]),
    st.lists(NAMES, min_size=1, max_size=2).map(",".join),
    st.lists(NAMES.map("-{}".format), min_size=1, max_size=2).map(",".join),
)
NUMBERS = st.sampled_from(["1", "2", "5", "1", "2", "5", "10000"]) | st.sampled_from(
    ["0", "-1", "1.5", "", "x", "9" * 30, "9" * 5_000, "٣"]
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "sort": LISTS,
        "fields": LISTS,
        "limit": NUMBERS,
        "skip": NUMBERS,
        "after": st.just("next") | st.sampled_from(["", "eA==.x", "next", ".", "ä"]),
        "format": st.sampled_from(["json", "ndjson", "csv", "csv", "csv", "xml", ""]),
    },
)
TYPE = st.sampled_from(
    ["application/json", "application/x-ndjson", "text/csv", "application/x-www-form-urlencoded",
     "application/json; charset=utf-16", "application/json;charset=", "\xff/\xff", ";", ""]
)  # fmt: skip
HEADERS = st.fixed_dictionaries(
    {"Content-Type": st.just("application/json") | TYPE},
    optional={
        "Accept": st.sampled_from(
            ["*/*", "text/csv", "application/x-ndjson;q=0.1, */*;q=0", "image/png", "", ";q=x",
             "application/jsonl", "text/*", "*;q=1e999", "a/b;q=-1"]
        ),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br", ""]),
        "Idempotency-Key": st.text(max_size=3, alphabet="a \xff"),
        "Range": st.just("bytes=0-0"),
    },
)  # fmt: skip


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


BODIES = st.one_of(
    queries("filter").map(written),
    queries("filter").map(written).map(gzip.compress),
    JOINED.map(written),
    JSON.map(written),
    st.binary(max_size=20),
    st.sampled_from(
        [b'{"a":1,"a":2}', b"[" * 5_000, b'{"a":' * 5_000, b"\xef\xbb\xbf{}", b"1e999"]
    ),
)


@pytest.fixture(scope="module")
def filled(client: FlaskClient, services: Services) -> Access:
    made = services.datasets.create("fuzzed")
    access = Access(made.dataset.uuid, made.access.secret)
    for row in ROWS:
        client.put(access.url, json=row, auth=access.auth)
    assert len(client.get(access.url, auth=access.auth).json) == len(ROWS)
    return access


def check(answer: TestResponse) -> None:
    """The property: no fault of the hub, and a body that is what its header says."""
    assert answer.status_code < 500, answer.data
    if answer.request.method in ("HEAD", "OPTIONS") or 300 <= answer.status_code < 400:
        return
    if answer.status_code >= 400:
        assert answer.mimetype == "application/json"
        told = strict(answer.data)
        if answer.request.method == "PUT" and "verdicts" in told:
            return
        error = told["error"]
        assert error.keys() == {"code", "message", "detail"}
        assert isinstance(error["code"], str)
        assert isinstance(error["message"], str)
        assert isinstance(error["detail"], dict)
    elif answer.mimetype == "text/csv":
        table = list(csv.reader(io.StringIO(answer.data.decode(), newline=""), strict=True))
        assert {len(line) for line in table} <= {len(table[0])} if table else True
    elif answer.mimetype == "application/x-ndjson":
        assert answer.data == b"" or answer.data.endswith(b"\n")
        assert all(isinstance(strict(line), dict) for line in answer.data.splitlines())
    else:
        assert answer.mimetype == "application/json"
        strict(answer.data)


def strict(data: bytes) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(data.decode(), parse_constant=refuse)


def token(client: FlaskClient, access: Access, args: dict[str, str]) -> dict[str, str]:
    """The parameters with a real token where they ask for one."""
    if args.get("after") != "next":
        return args
    first = {"limit": "1", **{k: v for k, v in args.items() if k == "sort"}}
    link = client.get(access.url, query_string=first, auth=access.auth).headers.get("Link", "")
    return args | {"after": unquote(link.partition("after=")[2].partition(">")[0])}


@settings(max_examples=400, deadline=None)
@given(
    args=st.one_of(PARAMETERS, PARAMETERS, st.just({"count": "true"})),
    query=queries("filter"),
    accept=HEADERS.map(lambda headers: {k: v for k, v in headers.items() if k == "Accept"}),
)
def test_any_find_is_answered(
    client: FlaskClient, filled: Access, args: dict, query: Any, accept: dict
) -> None:
    sent = token(client, filled, args)
    for method, body in (("GET", b""), ("POST", written(query))):
        headers = {"Content-Type": "application/json", **accept}
        check(client.open(filled.url, method=method, query_string=sent, headers=headers,
                          data=body, auth=filled.auth, buffered=True))  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(pipeline=JOINED, form=st.sampled_from(["json", "ndjson", "csv"]))
def test_any_pipeline_is_answered(
    client: FlaskClient, filled: Access, pipeline: Any, form: str
) -> None:
    url = f"{filled.url}aggregate/?format={form}"
    check(client.post(url, json=pipeline, auth=filled.auth, buffered=True))


@settings(max_examples=400, deadline=None)
@given(
    method=st.sampled_from(["POST", "PUT"])
    | st.sampled_from(["GET", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    place=st.sampled_from(["", "aggregate/"]) | st.sampled_from(["aggregate", "x/", "\0", "%"]),
    args=st.one_of(
        st.just({}),
        PARAMETERS,
        st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    ),
    headers=HEADERS,
    body=BODIES,
    known=st.sampled_from([True, True, True, False]),
)
def test_any_request_is_answered(
    client: FlaskClient, dataset_to_write: Access, filled: Access, method: str, place: str,
    args: dict, headers: dict, body: bytes, known: bool,
) -> None:  # fmt: skip
    access = dataset_to_write if method == "PUT" else filled
    auth = access.auth if known else ("\xff", "x")
    check(client.open(access.url + place, method=method, query_string=args, headers=headers,
                      data=body, auth=auth, buffered=True))  # fmt: skip


def test_csv_reaches_into_an_array(client: FlaskClient, filled: Access) -> None:
    """``fields=tags.b`` gives ``{"tags": [{"b": 1}]}``, whose one leaf is ``tags``."""
    url = f"{filled.url}?format=csv&fields=tags.b"
    check(client.get(url, auth=filled.auth, buffered=True))


def test_a_sample_has_a_form_as_csv(client: FlaskClient, dataset: Access) -> None:
    """The columns are those of the first asking, the rows those of the second."""
    for n in range(40):
        client.put(dataset.url, json={f"f{n}": n}, auth=dataset.auth)
    url = f"{dataset.url}aggregate/?format=csv"
    for _ in range(3):
        pipeline = [{"$sample": {"size": 1}}]
        check(client.post(url, json=pipeline, auth=dataset.auth, buffered=True))


@pytest.fixture(scope="module")
def dataset_to_write(services: Services) -> Access:
    made = services.datasets.create("written")
    return Access(made.dataset.uuid, made.access.secret)
