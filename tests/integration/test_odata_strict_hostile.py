"""Whatever is asked of the strict OData root, it is no fault of the hub's."""

from __future__ import annotations

import random
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from hub.services import Services
from tests.live import wait_until
from tests.odata_world import World, made
from tests.streams import Streams

PIECES = [
    "/", "(", ")", "'", "''", "5", "-5", "1e400", "$", "@", "@p", ",", "=", ":", ";", "%", "%00",
    "%2F", "%27", "%FF", "é", "\u2028", "..", ".", "*", "null", "Id", "ID", "DOI", "Documents",
    "Values", "Metadata", "Observations", "Datasets", "Streams", "Locations", "$metadata",
    "$count", "$value", "$ref", "$batch", "$filter", " ", "eq", "any(", "2020-01-01",
    "2020-13-01T00:00:00Z", "true", "RegionId", "Tags", "_datasetid", "__proto__", "Id eq 1",
    "aggregate($count as n)", "groupby((", "compute(Id add 1 as x)", "contains(DOI,'a')", "\0",
    "a" * 300, "9" * 30, "desc",
]  # fmt: skip
OPTIONS = [
    "$filter", "$select", "$orderby", "$top", "$skip", "$count", "$search", "$format", "$apply",
    "$compute", "$skiptoken", "$expand", "filter", "@p", "x", "$",
]  # fmt: skip
VALID = [
    "Id eq 5 and DOI ne 'x'", "RegionId/any(r:r eq 'a')", "Id desc,DOI", "Id,DOI",
    "groupby((DOI),aggregate($count as n))", "ResultValue mul 2 as d", '"a b" OR NOT c',
    "application/json;odata.metadata=full", "5", "true", "contains(DOI,'\\')",
]  # fmt: skip
texts = st.lists(st.sampled_from([*PIECES, *VALID]), max_size=6).map("".join)
heads = st.sampled_from(
    ["", "/", "Metadata", "Observations", "Records", "Locations", "Datasets", "Streams",
     "Observations(5)", "Observations(5)/", "Datasets('x')/", "Streams(1)/", "$metadata",
     "{documents}", "{documents}?", "{documents}/", "{values}", "{values}?", "{values}/"]
)  # fmt: skip


@pytest.fixture(scope="module")
def world(services: Services, database: Database) -> World:
    found = made(services, database)
    wait_until(lambda: len(services.datasets.published()) == 2, "published")
    streams = Streams(services, database)
    streams.append(streams.new(), [(f"2026-01-01T00:00:{n:02}Z", n) for n in range(9)])
    return found


@settings(
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    head=heads,
    path=texts,
    options=st.lists(st.tuples(st.sampled_from(OPTIONS), texts), max_size=4),
    raw=st.booleans(),
)
def test_garbage_is_refused_in_good_form(
    client: FlaskClient,
    world: World,
    head: str,
    path: str,
    options: list[tuple[str, str]],
    raw: bool,
) -> None:
    behind = {
        "documents": f"Datasets('{world.datasets[0].uuid}')/Documents",
        "values": "Streams(1)/Values",
    }
    head = head.format(**behind)
    if head.endswith("?"):
        head, path = head[:-1], ""
    tail = path.replace("\0", "").replace(" ", "%20") if raw else quote(path)
    query = "&".join(f"{quote(name)}={quote(text)}" for name, text in options)
    url = f"/odata/v4/{head}{tail.replace('?', '')}?{query}"
    answer = client.get(url, auth=(world.reader, ""), buffered=True)
    assert answer.status_code in (200, 204, 308, 400, 404, 406, 415, 501), answer.data
    if answer.status_code >= 400:
        assert set(answer.json["error"]) <= {"code", "message", "target", "details", "innererror"}


@pytest.mark.parametrize("path", ["//Observations", "///", "/Observations//", "//a//b/"])
def test_a_double_slash_is_refused_in_good_form(
    client: FlaskClient, world: World, path: str
) -> None:
    answer = client.get(f"/odata/v4{path}", auth=(world.reader, ""))
    assert (answer.status_code, answer.headers["OData-Version"]) == (400, "4.01")
    assert set(answer.json["error"]) <= {"code", "message", "target", "details", "innererror"}


def mangled(dice: random.Random, text: str) -> str:
    place = dice.randrange(len(text) + 1)
    piece = dice.choice(PIECES)
    cut = dice.choice([0, 0, 1, 3])
    return text[:place] + piece + text[place + cut :]


def test_nearly_right_questions_are_no_faults_either(client: FlaskClient, world: World) -> None:
    dice = random.Random(11)
    statuses = set()
    for _ in range(600):
        option = dice.choice(OPTIONS[:10])
        query = {option: mangled(dice, dice.choice(VALID))}
        collections = ["Observations", "Metadata", "Locations", "Datasets", "Streams"]
        collections += [f"Datasets('{world.datasets[0].uuid}')/Documents", "Streams(1)/Values"]
        url = f"/odata/v4/{dice.choice(collections)}"
        answer = client.get(url, query_string=query, auth=(world.reader, ""), buffered=True)
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 415, 501), (query, answer.data)
    assert {200, 400} <= statuses


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": ";;;,,q=x"}, {"Accept": "application/json;q=nan"}, {"Accept": "a" * 5_000},
        {"Prefer": "odata.maxpagesize=-1"}, {"Prefer": "maxpagesize=" + "9" * 500},
        {"Prefer": "maxpagesize=²"}, {"OData-MaxVersion": "4.0.0"}, {"OData-MaxVersion": "9" * 100},
        {"OData-Version": "2.0"}, {"Authorization": "Basic !!!"}, {"Host": "evil.example\\@x"},
    ],
)  # fmt: skip
def test_strange_headers_are_no_faults(
    client: FlaskClient, world: World, headers: dict[str, str]
) -> None:
    given_ = {"X-API-Key": world.reader, **headers}
    encoded = {name: text.encode("utf-8").decode("latin-1") for name, text in given_.items()}
    answer = client.get("/odata/v4/Observations?$top=1", headers=encoded, buffered=True)
    assert answer.status_code in (200, 400, 401, 406)


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "(" * 500 + "true" + ")" * 500},
        {"$filter": " or ".join(["Id eq 1"] * 2_000)},
        {"$filter": "Id in (" + ",".join(["1"] * 5_000) + ")"},
        {"$filter": "x" * 10_000},
        {"$filter": " and ".join(f"contains(DOI,'{'a' * 20}{n}')" for n in range(300))},
        {"$select": ",".join(["DOI"] * 1_000)},
        {"$orderby": ",".join(f"Id add {n}" for n in range(150))},
        {"$compute": ",".join(f"Id add {n} as c{n}" for n in range(250))},
        {"$search": " ".join(["a"] * 100)},
        {"$search": "NOT " * 200 + "a"},
        {"$apply": "/".join(["filter(Id eq 1)"] * 120)},
        {f"@p{n}": "1" for n in range(150)},
    ],
)
def test_questions_that_are_too_large_say_so(
    client: FlaskClient, world: World, query: dict[str, str]
) -> None:
    url = "/odata/v4/Observations"
    answer = client.get(url, query_string=query, auth=(world.reader, ""), buffered=True)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] in ("query_too_complex", "bad_odata")
