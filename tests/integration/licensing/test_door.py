"""The licence over HTTP: asked for, installed, shown, removed; nothing depends on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.app import create_app
from hub.errors import SetupError
from hub.services import Services, scopes
from hub.services.licensing.licences import written
from hub.services.licensing.signing import public_text
from hub.settings import Settings
from hub.store.client import Mongo, connect
from hub.store.system.licences import Licences
from hub.wiring import open_hub
from tests.licences import (
    CLAIMS,
    HEADER,
    ISSUER,
    ISSUER_TEXT,
    STRANGER,
    decoded,
    licence,
    text_of,
)
from tests.plant import Door, code, door, faults

URL = "license/"
REQUEST = "license/activation-request/"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def settings(mongo_uri: str, database: Database[Any]) -> Settings:
    return Settings(
        mongo_uri=mongo_uri,
        mongo_db=database.name,
        secret="s" * 40,
        license_public_key=ISSUER_TEXT,
    )


@pytest.fixture
def plant(client: FlaskClient, services: Services, database: Database[Any]) -> Iterator[Door]:
    yield door(client, services)
    database.hub.delete_one({"_id": "license"})


@pytest.fixture
def instance(plant: Door) -> str:
    return str(plant.get(REQUEST).json["instance"])


def mine(hub: str, **changes: Any) -> str:
    """A licence for a hub, in its second day of three."""
    given = {"instance": hub, "issued": START, "start": START, "end": START + 3 * DAY}
    return written(licence(**(given | changes)), ISSUER)


def test_a_request(plant: Door) -> None:
    first, second = plant.get(REQUEST).json, plant.get(REQUEST).json
    assert first.keys() == {
        "product",
        "version",
        "instance",
        "machine",
        "time",
        "public_key",
        "request",
    }
    for told in (first, second):
        assert told.pop("time")
        assert told.pop("request")
    assert first == second


def test_a_request_after_a_restart(plant: Door, settings: Settings, instance: str) -> None:
    told = plant.get(REQUEST).json
    again = open_hub(settings)
    try:
        after = again.services.system.licensing.request()
    finally:
        again.close()
    kept = ("product", "version", "instance", "machine", "public_key")
    assert {name: after[name] for name in kept} == {name: told[name] for name in kept}


def test_no_setting_that_is_secret_is_told(settings: Settings, database: Database[Any]) -> None:
    hidden = {each.name for each in fields(Settings) if not each.repr}
    assert hidden == {"secret", "mongo_uri", "redis_url"}
    url = "redis://:hidden-password@127.0.0.1:1/0"
    changed = replace(settings, redis_url=url, data_dir=Path("hidden-folder"))
    hub = open_hub(changed)
    try:
        told = hub.services.system.licensing.request()
    finally:
        hub.close()
    signed = decoded(told["request"].split(".")[1]).decode()
    for text in (json.dumps(told), signed):
        assert told["instance"] in text
        for name in hidden | {"mongo_db", "data_dir"}:
            assert str(getattr(changed, name)) not in text


def test_whoever_asks_first_it_is_one_instance(mongo_uri: str, mongo_db: Database[Any]) -> None:
    mine = [connect(mongo_uri, mongo_db.name) for _ in range(8)]
    begin = threading.Barrier(len(mine))

    def first(mongo: Mongo) -> str:
        begin.wait()
        return Licences(mongo).instance()

    try:
        with ThreadPoolExecutor(len(mine)) as pool:
            assert len(set(pool.map(first, mine))) == 1
    finally:
        for mongo in mine:
            mongo.close()
    assert mongo_db.hub.count_documents({}) == 1


def test_no_secret_is_told_or_kept(
    plant: Door, settings: Settings, database: Database[Any], instance: str
) -> None:
    assert str(settings.secret) not in plant.get(REQUEST).text
    (row,) = database.hub.find({"_id": "instance"})
    assert row.keys() == {"_id", "uuid", "created"}


def test_without_one(plant: Door, instance: str) -> None:
    told = {"state": "none", "instance": instance, "license": None}
    assert plant.get(URL).json == told
    assert code(plant.delete(URL)) == (404, "not_found")


def test_one_that_is_installed(plant: Door, instance: str, services: Services) -> None:
    made = licence(instance=instance, issued=START, start=START, end=START + 3 * DAY)
    answer = plant.post(URL, license=written(made, ISSUER))
    told = {
        "state": "valid",
        "instance": instance,
        "license": {
            "id": made.id,
            "issued_to": "Springwater works",
            "issued": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "from": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "until": (START + 3 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    assert (answer.status_code, answer.json) == (200, told)
    assert plant.get(URL).json == told
    (note,) = services.audit.latest(1)
    found = services.keys.verify(plant.secret)
    assert found
    assert note.pop("at")
    assert note == {
        "action": "license.install",
        "license": made.id,
        "issued_to": made.issued_to,
        "by": found.key_id,
    }


def test_one_without_end(plant: Door, instance: str) -> None:
    told = plant.post(URL, license=mine(instance, end=None)).json
    assert (told["state"], told["license"]["until"]) == ("valid", None)


def test_another_one_takes_its_place(plant: Door, instance: str) -> None:
    plant.post(URL, license=mine(instance))
    plant.post(URL, license=mine(instance, issued_to="The heirs"))
    assert plant.get(URL).json["license"]["issued_to"] == "The heirs"


def test_one_that_is_removed(plant: Door, instance: str) -> None:
    plant.post(URL, license=mine(instance))
    assert plant.delete(URL).status_code == 204
    assert plant.get(URL).json["state"] == "none"


def test_one_that_begins_later(plant: Door, instance: str) -> None:
    later = {"start": START + 9 * DAY, "end": START + 10 * DAY}
    assert plant.post(URL, license=mine(instance, **later)).json["state"] == "not_yet"
    assert plant.get(URL).json["state"] == "not_yet"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end": START + DAY / 2}, "expired"),
        ({"instance": CLAIMS["sub"]}, "other_instance"),
    ],
)
def test_one_that_is_not_for_here_and_now(
    plant: Door, instance: str, changes: dict[str, Any], reason: str
) -> None:
    answer = plant.post(URL, license=mine(instance, **changes))
    assert code(answer) == (400, "bad_license")
    assert answer.json["error"]["detail"] == {"reason": reason}
    assert plant.get(URL).json["state"] == "none"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (text_of(HEADER, CLAIMS, STRANGER), "signature"),
        (text_of(HEADER | {"alg": "none"}, CLAIMS), "form"),
        (text_of(HEADER | {"alg": "HS256"}, CLAIMS), "form"),
        (text_of(HEADER, CLAIMS | {"aud": "other"}), "product"),
        (text_of(HEADER, CLAIMS | {"exp": "soon"}), "form"),
        ("x", "form"),
        ("a.b.c", "form"),
    ],
)
def test_one_that_is_none(plant: Door, instance: str, text: str, reason: str) -> None:
    plant.post(URL, license=mine(instance))
    answer = plant.post(URL, license=text)
    assert code(answer) == (400, "bad_license")
    assert answer.json["error"]["detail"] == {"reason": reason}
    assert plant.get(URL).json["state"] == "valid"


@pytest.mark.parametrize(
    "body",
    [{}, {"license": None}, {"license": 1}, {"license": ""}, {"license": "x" * 8_193}, {"a": "b"}],
)
def test_a_body_that_installs_nothing(plant: Door, body: dict[str, Any]) -> None:
    assert faults(plant.post(URL, **body))


def test_a_body_that_is_huge_or_not_json(plant: Door) -> None:
    huge = plant.ask("POST", URL, {"license": "x" * 2_000_000})
    assert code(huge) == (413, "too_large")
    bare = plant.ask("POST", URL, data="a.b.c", content_type="application/json")
    assert code(bare) == (400, "not_json")


@pytest.mark.parametrize(
    ("stored", "state"),
    [
        ({"end": START + DAY / 2}, "expired"),
        ({"instance": CLAIMS["sub"]}, "other_instance"),
    ],
)
def test_one_that_was_good_once(
    plant: Door, instance: str, database: Database[Any], stored: dict[str, Any], state: str
) -> None:
    database.hub.insert_one({"_id": "license", "text": mine(instance, **stored)})
    told = plant.get(URL).json
    assert (told["state"], told["license"]["issued_to"]) == (state, "Springwater works")


@pytest.mark.parametrize("issuer", [None, "other"])
def test_one_whose_issuer_is_not_trusted_any_more(
    plant: Door, instance: str, settings: Settings, issuer: str | None
) -> None:
    plant.post(URL, license=mine(instance))
    key = public_text(STRANGER.public_key()) if issuer else None
    changed = open_hub(replace(settings, license_public_key=key))
    try:
        standing = changed.services.system.licensing.standing()
    finally:
        changed.close()
    assert (standing.state, standing.licence) == ("untrusted", None)


def test_a_hub_that_trusts_nobody(
    settings: Settings, client: FlaskClient, services: Services, instance: str
) -> None:
    changed = replace(settings, license_public_key=None)
    hub = open_hub(changed)
    try:
        other = door(create_app(changed, hub.services).test_client(), hub.services)
        assert code(other.post(URL, license=mine(instance))) == (409, "conflict")
        assert other.get(URL).json["state"] == "none"
        assert other.get(REQUEST).status_code == 200
    finally:
        hub.close()


@pytest.mark.parametrize("key", ["", "x", "A" * 42, "A" * 44, "=" * 43])
def test_a_key_that_is_none_stops_the_start(key: str) -> None:
    with pytest.raises(SetupError, match="HUB_LICENSE_PUBLIC_KEY"):
        Settings.from_env({"HUB_LICENSE_PUBLIC_KEY": key})


@pytest.mark.parametrize(
    ("scope", "method", "url", "status"),
    [
        (scopes.SYSTEM_READ, "GET", REQUEST, 200),
        (scopes.SYSTEM_READ, "GET", URL, 200),
        (scopes.SYSTEM_READ, "POST", URL, 403),
        (scopes.SYSTEM_READ, "DELETE", URL, 403),
        (scopes.SYSTEM_WRITE, "GET", URL, 200),
        (scopes.DATA_WRITE, "GET", REQUEST, 403),
    ],
)
def test_what_scopes_open(
    client: FlaskClient, services: Services, scope: str, method: str, url: str, status: int
) -> None:
    assert door(client, services, scope).ask(method, url).status_code == status
