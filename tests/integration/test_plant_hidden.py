"""What a key is not for is not there for it: every route of the plant answers the same for both.

The routes are read from the application, so that one that is added is proved with the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.services import Services
from hub.settings import Settings
from tests.plant import Door, door, reach

FIRST, NOWHERE = 700_000, 987_654
"""Ids from here on, and one that nothing has: neither stands elsewhere in an answer."""
WHEN = 1_777_377_600
CHANGING = ("POST", "PUT", "PATCH")
OF_WHAT = {"data", "device", "event_log", "value", "statistic"}
"""Parts of addresses that a key may not be for; groups are there for every key."""
BODIES = (
    b"",
    b"{",
    b"{}",
    b'{"name": "x", "nonsense": 1}',
    b'{"name": "x"}',
    b'{"kind": "x"}',
    b'{"kind": "modbus", "name": "x", "host": "h"}',
    b'{"value": 1, "timestamp": 1777377600}',
    b'{"mean": 1, "timestamp": 1777377600}',
    b'{"hypertable": "core_value", "drop_after_days": 30}',
    b'{"seconds": 60}',
)
NAMED = (
    ("GET", "data/?device={device}", None),
    ("GET", "value/?data={data}", None),
    ("GET", "value/?data={data}&from=0", None),
    ("GET", "statistic/?data={data}", None),
    ("GET", "statistic/?data={data}&from=0&to=1777377600&step=PT1H", None),
    ("GET", "event-log/?device={device}", None),
    ("GET", "event-log/?device={device}&from=0", None),
    ("POST", "data/", '{{"name": "x", "device": {device}}}'),
    ("PUT", "data/{own}/", '{{"name": "x", "device": {device}}}'),
    ("PATCH", "data/{own}/", '{{"device": {device}}}'),
    ("POST", "group/", '{{"name": "x", "data": [{data}]}}'),
    ("PUT", "group/{group}/", '{{"name": "x", "data": [{own}, {data}]}}'),
    ("PATCH", "group/{group}/", '{{"data": [{data}]}}'),
    ("POST", "event-log/", '{{"kind": "x", "device": {device}}}'),
    ("POST", "value/", '[{{"data": {data}, "timestamp": 1777377600, "value": 5}}]'),
    ("GET", "v1/stream/{uuid}/", None),
    ("POST", "v1/stream/{uuid}/", '{{"value": 5}}'),
    ("PATCH", "v1/stream/{uuid}/", '{{"x": 5}}'),
    ("DELETE", "v1/stream/{uuid}/", None),
    ("GET", "v1/stream/{uuid}/stats", None),
    (
        "POST",
        "v1/stream/",
        '{{"title": "x", "derive_op": "derivative", "derive_from": ["{uuid}"]}}',
    ),
)
"""Requests that name what a key is not for, or what is not there."""
KEYS = ("a device", "a stream", "both", "no other device", "nothing")
APP = create_app(Settings(), cast(Services, None))
"""Only to read the routes from."""
QUERIES = ("", "?nonsense=1", "?limit=0", "?cascade=delete", "?cascade=detach", "?from=0")


def routes() -> list[tuple[Rule, str]]:
    """Those of the plant with a part that a key may not be for, each with its methods."""
    return [
        (rule, method)
        for rule in APP.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if rule.endpoint.startswith("plant.") and method != "OPTIONS"
        if OF_WHAT & set(rule._converters)
    ]


@dataclass(frozen=True)
class World:
    """Somebody who sees everything, and what a narrow key is not for, by parts of addresses."""

    plant: Door
    hidden: dict[str, str]
    missing: dict[str, str]
    uuids: tuple[str, str]


@dataclass(frozen=True)
class Narrow:
    """A key with every scope, a data stream that it is for, and a group."""

    door: Door
    own: int
    group: int


@pytest.fixture(scope="module")
def world(client: FlaskClient, services: Services, database: Database) -> World:
    for name in ("devices", "streams", "event_logs"):
        database.counters.update_one({"_id": name}, {"$set": {"last": FIRST}}, upsert=True)
    plant = door(client, services)
    device = plant.device()
    data = plant.data(device=device)
    plant.post(f"data/{data}/value/", timestamp=WHEN, value=1)
    plant.post(f"data/{data}/statistic/", timestamp=WHEN, mean=1)
    log = plant.post("event-log/", kind="x", device=device).json["id"]
    value = plant.get(f"value/?data={data}").json[0]["id"]
    statistic = plant.get(f"statistic/?data={data}").json[0]["id"]
    hidden = {"device": device, "data": data, "event_log": log}
    records = {"value": value, "statistic": statistic}
    return World(
        plant,
        {name: str(each) for name, each in (hidden | records).items()},
        {name: str(NOWHERE) for name in hidden}
        | {name: each.replace(f"{data}-", f"{NOWHERE}-", 1) for name, each in records.items()},
        (plant.get(f"data/{data}/").json["uuid"], str(uuid.uuid4())),
    )


@pytest.fixture(scope="module")
def narrow(world: World, client: FlaskClient, services: Services) -> dict[str, Narrow]:
    """Keys for everything, but for some things only."""
    plant = world.plant
    device, data = plant.device(), plant.data()
    of_it, group = plant.data(device=device), plant.group()
    within = {
        "a device": (reach(devices=[device], streams=[]), of_it),
        "a stream": (reach(devices=[], streams=[data]), data),
        "both": (reach(devices=[device], streams=[data]), data),
        "no other device": (reach(devices=[device]), of_it),
        "nothing": (reach(devices=[], streams=[]), NOWHERE + 1),
    }
    assert set(within) == set(KEYS)
    return {
        name: Narrow(door(client, services, within=each), own, group)
        for name, (each, own) in within.items()
    }


def blotted(answer: TestResponse, *parts: str) -> tuple[Any, ...]:
    """An answer in which parts of what was asked cannot be read."""
    text = answer.text
    for part in parts:
        text = text.replace(part, "…")
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("Content-Length", "Date") and not name.startswith("RateLimit-")
    }
    return answer.status_code, text, kept


def answers(who: Door, method: str, rule: Rule, parts: dict[str, str]) -> Iterator[Any]:
    """What is answered by a route, however it is asked."""
    named = {name: parts.get(name, "D1") for name in rule._converters}
    url = APP.url_map.bind("localhost").build(rule.endpoint, named, method).removeprefix("/api/")
    shown = [part.split("-")[0] for part in named.values()]
    for query in QUERIES:
        for body in BODIES if method in CHANGING else (None,):
            told = who.ask(method, url + query, data=body, content_type="application/json")
            yield query, body, *blotted(told, *shown)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("rule", "method"), routes(), ids=lambda each: str(getattr(each, "rule", each))
)
def test_it_answers_as_if_it_were_not_there(
    world: World, narrow: dict[str, Narrow], rule: Rule, method: str, key: str
) -> None:
    hidden = list(answers(narrow[key].door, method, rule, world.hidden))
    assert hidden == list(answers(narrow[key].door, method, rule, world.missing))
    assert {status for _, _, status, *_ in hidden} <= {400, 404}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("method", "url", "body"), NAMED)
def test_what_names_it_is_answered_as_if_it_were_not_there(
    world: World, narrow: dict[str, Narrow], method: str, url: str, body: str | None, key: str
) -> None:
    who, found = narrow[key], []
    for parts, uuid_ in zip((world.hidden, world.missing), world.uuids, strict=True):
        named = parts | {"own": str(who.own), "group": str(who.group), "uuid": uuid_}
        told = who.door.ask(
            method,
            url.format(**named),
            data=body and body.format(**named),
            content_type="application/json",
        )
        assert told.status_code not in (201, 204), told.text
        found.append(blotted(told, *parts.values(), uuid_))
    assert found[0] == found[1]
