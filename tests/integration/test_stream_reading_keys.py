"""The three ways to show a key, at the dataset door and at doors without a dataset."""

from __future__ import annotations

from base64 import b64encode

import pytest
from flask import jsonify
from flask.testing import FlaskClient

from hub.api import auth
from hub.app import create_app
from hub.services import Services, scopes
from hub.settings import Settings
from tests.conftest import Access


def basic(secret: str, password: str = "") -> dict[str, str]:
    shown = b64encode(f"{secret}:{password}".encode()).decode()
    return {"Authorization": f"Basic {shown}"}


WAYS = {
    "basic": basic,
    "token": lambda secret: {"Authorization": f"ApiKey {secret}"},
    "token in small letters": lambda secret: {"Authorization": f"apikey  {secret} "},
    "header": lambda secret: {"X-API-Key": secret},
    "header beside a proxy's token": lambda secret: {
        "X-API-Key": secret,
        "Authorization": "Bearer of-a-proxy",
    },
}
WRONG = {
    "unknown": {"X-API-Key": "hub_unknown"},
    "unknown token": {"Authorization": "ApiKey hub_unknown"},
    "unknown in basic": basic("hub_unknown"),
    "empty": {"X-API-Key": ""},
    "empty token": {"Authorization": "ApiKey"},
    "other scheme": {"Authorization": "Bearer hub_unknown"},
    "other scheme beside": {"Authorization": "Bearer of-a-proxy", "X-API-Key": "hub_unknown"},
    "garbled": {"Authorization": "Basic %%%"},
    "nothing in it": {"Authorization": ""},
}


@pytest.fixture(scope="module")
def doors(settings: Settings, services: Services) -> FlaskClient:
    """An application with a door for everybody and one for keys that write streams."""
    app = create_app(settings, services)

    def everybody() -> object:
        reader = auth.optional_principal()
        return jsonify(reader.key_id if reader else None)

    @auth.requires_key(scopes.STREAM_WRITE)
    def writers() -> object:
        return jsonify(auth.principal().key_id)

    app.add_url_rule("/everybody/", view_func=everybody)
    app.add_url_rule("/writers/", view_func=writers)
    return app.test_client()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_dataset_opens_whichever_way_its_key_is_shown(
    client: FlaskClient, dataset: Access, way: str, method: str
) -> None:
    headers = WAYS[way](dataset.secret)
    answer = client.open(dataset.url, method=method, json={"a": 1}, headers=headers)
    assert answer.status_code < 300


@pytest.mark.parametrize("wrong", WRONG)
def test_a_dataset_stays_shut_as_without_a_key(
    client: FlaskClient, dataset: Access, wrong: str
) -> None:
    without, refused = client.get(dataset.url), client.get(dataset.url, headers=WRONG[wrong])
    assert refused.status_code == 401
    assert (refused.data, list(refused.headers)) == (without.data, list(without.headers))


def test_authorization_counts_before_the_header(client: FlaskClient, dataset: Access) -> None:
    right, wrong = dataset.secret, "hub_unknown"
    for shown, status in ((basic(right) | {"X-API-Key": wrong}, 200),
                          (basic(wrong) | {"X-API-Key": right}, 401)):  # fmt: skip
        assert client.get(dataset.url, headers=shown).status_code == status


@pytest.mark.parametrize("way", WAYS)
def test_a_door_for_everybody_knows_a_key(doors: FlaskClient, services: Services, way: str) -> None:
    issued = services.keys.create("reader", [scopes.STREAM_READ])
    answer = doors.get("/everybody/", headers=WAYS[way](issued.secret))
    assert answer.json == issued.key.id


def test_a_door_for_everybody_needs_no_key(doors: FlaskClient) -> None:
    answer = doors.get("/everybody/")
    assert (answer.status_code, answer.json) == (200, None)


@pytest.mark.parametrize("door", ["/everybody/", "/writers/"])
@pytest.mark.parametrize("wrong", [*WRONG, "password"])
def test_a_wrong_key_opens_no_door(
    doors: FlaskClient, services: Services, door: str, wrong: str
) -> None:
    issued = services.keys.create("writer", [scopes.STREAM_WRITE])
    shown = {**WRONG, "password": basic(issued.secret, "x")}[wrong]
    refused = doors.get(door, headers=shown)
    assert (refused.status_code, refused.json["error"]["code"]) == (401, "unauthorized")
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_door_for_writers_asks_for_the_scope(doors: FlaskClient, services: Services) -> None:
    reader = services.keys.create("reader", [scopes.STREAM_READ]).secret
    writer = services.keys.create("writer", [scopes.STREAM_WRITE])
    assert doors.get("/writers/").status_code == 401
    refused = doors.get("/writers/", headers={"X-API-Key": reader})
    assert refused.status_code == 403
    assert refused.json["error"]["detail"] == {"scope": "stream:write"}
    assert doors.get("/writers/", headers={"X-API-Key": writer.secret}).json == writer.key.id
