"""The stream door and its clients: the hostile, the mistaken and the thorough."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import fromstring

import orjson
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

from hub.api.streams.asked import SHORT
from hub.series.levels import LEVELS
from hub.series.names import TIME_LETTERS, VALUE_LETTERS
from hub.services import Services, scopes
from hub.values import Reach

ROOT = "/api/v1/stream/"
START = 1_700_000_000
NOBODY = "11111111-1111-4111-8111-111111111111"
Ask = Callable[..., TestResponse]
Shown = dict[str, str]


@pytest.fixture(scope="module")
def owner(services: Services) -> Shown:
    """A key for everything."""
    return {"X-API-Key": services.keys.create("owner", scopes.SCOPES).secret}


@pytest.fixture(scope="module")
def make(client: FlaskClient, owner: Shown) -> Callable[..., dict[str, Any]]:
    def made(**body: Any) -> dict[str, Any]:
        body = {"title": uuid.uuid4().hex, "public": True} | body
        answer = client.post(ROOT, json=body, headers=owner)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    return made


def key(services: Services, scope: str, *streams: dict[str, Any]) -> Shown:
    """A key for these streams only."""
    numbers = frozenset(stream["number"] for stream in streams)
    reach = Reach(datasets=frozenset(), devices=frozenset(), streams=numbers)
    return {"X-API-Key": services.keys.create("some", [scope], reach=reach).secret}


ROUTES: dict[str, tuple[str, str, Any]] = {
    "detail": ("GET", "{id}/", None),
    "set": ("GET", "set/{id}/", None),
    "append": ("PUT", "{id}/", {"v": 1}),
    "append many": ("PUT", "{id}/", [{"v": 1}]),
    "delete": ("DELETE", "{id}/", None),
    "derive": ("POST", "", {"title": "x", "derive_op": "derivative", "derive_from": ["{id}"]}),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("scope", [scopes.STREAM_READ, scopes.STREAM_WRITE, scopes.READ])
def test_a_key_for_other_streams_is_not_told_that_one_is_there(
    client: FlaskClient, services: Services, make: Any, scope: str, route: str
) -> None:
    private, shown = make(public=False), key(services, scope, make())
    method, url, body = ROUTES[route]
    told = []
    for name in (private["id"], NOBODY):
        sent = None if body is None else orjson.dumps(body).replace(b"{id}", name.encode())
        answer = client.open(
            ROOT + url.format(id=name), method=method, data=sent, headers=shown,
            content_type="application/json",
        )  # fmt: skip
        told.append((answer.status_code, answer.text.replace(name, "")))
    assert told[0] == told[1]
    assert told[0][0] in (403, 404)


def test_a_refused_deletion_names_no_stream_that_the_key_does_not_open(
    client: FlaskClient, services: Services, make: Any
) -> None:
    source = make()
    hidden = make(public=False, derive_op="derivative", derive_from=[source["id"]])
    shown = make(public=True, derive_op="derivative", derive_from=[source["id"]])
    some = key(services, scopes.STREAM_WRITE, source)
    refused = client.delete(source["resource_uri"], headers=some)
    assert refused.status_code == 409
    assert refused.get_json()["error"]["detail"]["streams"] == [shown["id"]]
    assert hidden["id"] not in refused.text


def test_what_is_derived_from_a_private_stream_does_not_name_it(
    client: FlaskClient, make: Any
) -> None:
    private = make(public=False, tags={"place": "vault"})
    derived = make(public=True, derive_op="derivative", derive_from=[private["id"]])
    for url in (derived["resource_uri"], f"{ROOT}set/{derived['id']}/", f"{ROOT}?limit=0"):
        text = client.get(url).text
        assert derived["id"] in text
        assert private["id"] not in text
        assert "vault" not in text


WRONG: dict[str, list[Any]] = {
    "title": [0, True, "", [], {}, "x" * 201, "\ud800"],
    "query_tags": [0, "x", [], {}, {"a__b": 1}, {"": 1}, {"$a": 1}, {"a.b": 1}, {"stream_id": 1}],
    "tags": [
        None,
        0,
        "x",
        [],
        {"a": {"b__c": 1}},
        {"value_type": 1},
        {"a": 2**63},
        {"a": "\ud800"},
    ],
    "value_type": [None, 0, "", [], {}, "Numeric"],
    "highest_granularity": [None, 0, "", "x", [], "Seconds", "weeks"],
    "value_downsamplers": [0, "mean", {}, [1], [None], ["x"], [[]]],
    "time_downsamplers": [0, "mean", {}, [1], [None], ["sum"], [[]]],
    "public": [None, 0, 1, "true", [], {}],
    "late": [None, 0, "", "Keep", [], {}],
    "interval_s": [True, 0, -1, "1", [], {}, 10**400, 1e10],
    "dataset": [0, "x", [], {}, {"dataset": "x"}, {"dataset": "x", "field": "a..b"}],
    "derive_from": [0, "x", {}, [], [5], [None], [{}], [{"stream": "x", "y": 1}]],
    "derive_op": [0, [], {}, True],
    "derive_args": [None, 0, [], {"x": 1}, {"max_value": "1"}, {"max_value": 1}],
    "derive_backprocess": [None, 0, "no", [], {}],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named_and_nothing_is_made(
    client: FlaskClient, owner: Shown, database: Database[Any], name: str
) -> None:
    before = database["streams"].count_documents({})
    for value in WRONG[name]:
        answer = client.post(ROOT, json={"title": "wrong", name: value}, headers=owner)
        assert answer.status_code == 400, value
        assert f"{answer.get_json()['error']['detail']['path']}.".startswith(f"$.{name}"), value
    assert database["streams"].count_documents({}) == before


@pytest.mark.parametrize("url", ["", "{id}/"])
def test_a_limit_however_large_is_cut(client: FlaskClient, make: Any, url: str) -> None:
    answer = client.get(ROOT + url.format(id=make()["id"]) + f"?limit={10**30}")
    assert answer.get_json()["meta"]["limit"] == (10_000 if url else 1_000)


ODD = {
    "we ird": "<&>\"'", "1num": True, "x:y": 1.5, "xmlns": "z", "\u00fcn\u00ef": "\u0001",
    "a\u0300": [[], [1, "x", {"c": None}, [[1], {"<": 1}]]], "{ns}t": {}, "k\n": "\ufffe",
    "\u00b2": -1, "-d": None,
}  # fmt: skip


def test_odd_tags_are_well_formed_in_xml_and_unchanged_in_json(
    client: FlaskClient, make: Any
) -> None:
    url = make(tags=ODD)["resource_uri"]
    told = fromstring(client.get(f"{url}?format=xml").data).find("tags")
    assert told is not None
    assert {child.get("key", child.tag) for child in told} == {*ODD, "title"}
    tags = client.get(url).get_json()["tags"]
    assert {name: tags[name] for name in ODD} == ODD


NAMES = (
    *SHORT, *SHORT.values(), "format", "callback", "partial", "tz", "points", "downsample", "tags",
    "tags__n__a", "tags__x__gte", "tags__n__not__in", "tags__x__mod", "tags____", "tags__a.b",
    "tags__$x", "tags__n__a__size", "tags__x__exists", "tags__title__icontains",
)  # fmt: skip
VALUES = (
    *TIME_LETTERS, *VALUE_LETTERS, *VALUE_LETTERS.values(), *(level.name for level in LEVELS),
    "weeks", "months", "posixrules",
    "m,u,n,f", "median,o,r", "i,l,q,d", "lttb", "m4", "json", "xml", "jsonp", "csv", "ndjson",
    "", "0", "1", "-1", "5", "10000", "99999999999", str(START), str(START + 5000), "1e5", " 7 ",
    "+3", "\u0661", "NaN", "true", "YES", "S", "M", "h", "H", "a.b", "Europe/Ljubljana",
    "../etc/passwd", "a\0b", "%00", "-62135596800", "253402300799", "9" * 4400, "x" * 3000, "null",
    "{}", ",", "5,2", "0,0", "\r\nX: y", "<script>", "\u2028",
)  # fmt: skip
ACCEPTED = ("*/*", "text/csv", "application/xml;q=0.5", "text/html", ";;;", "application/x-ndjson")
FAULTLESS = (200, 301, 304, 400, 404)


@pytest.fixture(scope="module")
def known(client: FlaskClient, make: Any, owner: Shown) -> list[str]:
    """Paths of the door: streams of every type with datapoints, lists, and a missing slash."""
    rng = random.Random("known")
    graph = {"v": [{"i": "a"}, {"i": 2}], "e": [{"f": "a", "t": 2}]}
    every = {"time_downsamplers": list(TIME_LETTERS), "value_downsamplers": list(VALUE_LETTERS)}
    paths = ["", "schema/"]
    for kind, choices, how in (
        ("numeric", (None, 1, 2.5, 1e308, -1e308, 2**63 - 1), {}),
        ("numeric", (None, 3, 3.5), every),
        ("nominal", (None, "a\u2028", {"b": [1, None]}, [[]], True), {}),
        ("graph", (None, graph), {}),
    ):
        stream = make(value_type=kind, tags={"n": {"a": [1, "b"]}, "x": 1.5}, **how)
        at = START
        points: list[Any] = []
        for _ in range(300):
            at += rng.choice((0, 1, 60, 4000, 90_000))
            points.append({"t": at, "v": rng.choice(choices)})
        assert client.put(stream["resource_uri"], json=points, headers=owner).status_code == 201
        paths += [f"{stream['id']}/"] * 3 + [stream["id"], f"set/{stream['id']}/"]
    return paths


def well_formed(answer: TestResponse) -> None:
    match answer.mimetype:
        case "application/json":
            orjson.loads(answer.data)
        case "application/xml":
            fromstring(answer.data)
        case "application/x-ndjson":
            [orjson.loads(line) for line in answer.data.splitlines()]


@pytest.mark.parametrize("seed", range(8))
def test_no_query_string_is_a_fault_of_the_hub(
    client: FlaskClient, known: list[str], seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        pairs = [(rng.choice(NAMES), rng.choice(VALUES)) for _ in range(rng.randint(1, 4))]
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in pairs)
        url = f"{ROOT}{rng.choice(known)}?{query}"
        answer = client.get(url, headers={"Accept": rng.choice(ACCEPTED)})
        assert answer.status_code in FAULTLESS, url
        well_formed(answer)
