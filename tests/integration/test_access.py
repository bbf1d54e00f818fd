"""Who gets in: every way to be refused looks the same, and revoking works everywhere at once."""

from __future__ import annotations

import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.app import create_app
from hub.errors import Conflict, Invalid, NotFound
from hub.services import Services, scopes
from hub.services.keys import CACHE_S
from hub.settings import Settings
from hub.values import Reach
from hub.wiring import open_hub
from tests.conftest import Access
from tests.live import wait_until


def strangers(services: Services, dataset: Access) -> dict[str, tuple[str, dict]]:
    """(URL, arguments) of requests that must all be refused alike."""
    other = services.datasets.create("another")
    revoked = services.keys.create("r", scopes.SCOPES, reach=Reach.of_dataset(dataset.uuid))
    services.keys.revoke(revoked.key.id)
    brief = services.keys.create(
        "e", scopes.SCOPES, reach=Reach.of_dataset(dataset.uuid), lifetime=timedelta(microseconds=1)
    )
    gone = services.datasets.create("gone")
    services.datasets.delete(gone.dataset.uuid)
    everywhere = services.keys.create("all", scopes.SCOPES)
    missing = f"/api/dataset/{uuid.uuid4()}/"
    bearer = {"headers": {"Authorization": f"Bearer {dataset.secret}"}}
    garbled = {"headers": {"Authorization": "Basic " + b64encode(b"\xff\xfe").decode()}}
    return {
        "no key": (dataset.url, {}),
        "wrong": (dataset.url, {"auth": ("hub_wrong", "")}),
        "empty": (dataset.url, {"auth": ("", "")}),
        "endless": (dataset.url, {"auth": ("x" * 5000, "")}),
        "foreign": (dataset.url, {"auth": (other.access.secret, "")}),
        "revoked": (dataset.url, {"auth": (revoked.secret, "")}),
        "expired": (dataset.url, {"auth": (brief.secret, "")}),
        "password": (dataset.url, {"auth": (dataset.secret, "x")}),
        "no dataset": (missing, {"auth": dataset.auth}),
        "no dataset, open key": (missing, {"auth": (everywhere.secret, "")}),
        "no uuid": ("/api/dataset/x/", {"auth": dataset.auth}),
        "deleted dataset": (
            f"/api/dataset/{gone.dataset.uuid}/", {"auth": (gone.access.secret, "")},
        ),
        "other scheme": (dataset.url, bearer),
        "garbled": (dataset.url, garbled),
    }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_every_refusal_looks_the_same(
    client: FlaskClient, services: Services, dataset: Access, method: str
) -> None:
    seen = set()
    for name, (url, arguments) in strangers(services, dataset).items():
        answer = client.open(url, method=method, json={"a": 1}, **arguments)
        assert answer.status_code == 401, name
        assert answer.headers["WWW-Authenticate"].startswith("Basic "), name
        seen.add((answer.data, tuple(answer.headers)))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (scopes.READ, {"GET", "POST"}),
        (scopes.WRITE, {"GET", "POST", "PUT"}),
        (scopes.ANALYZE, {"GET", "POST", "aggregate"}),
    ],
)
def test_a_scope_opens_its_own_doors(
    client: FlaskClient, services: Services, dataset: Access, scope: str, allowed: set[str]
) -> None:
    auth = (services.keys.create("k", [scope], reach=Reach.of_dataset(dataset.uuid)).secret, "")
    answers = {
        "GET": client.get(dataset.url, auth=auth),
        "POST": client.post(dataset.url, json={}, auth=auth),
        "PUT": client.put(dataset.url, json={"a": 1}, auth=auth),
        "aggregate": client.post(f"{dataset.url}aggregate/", json=[], auth=auth),
    }
    assert {name for name, answer in answers.items() if answer.status_code < 300} == allowed
    for name in answers.keys() - allowed:
        assert answers[name].status_code == 403
        assert answers[name].json["error"]["detail"]["scope"].startswith("dataset:")


def test_a_regular_expression_needs_the_scope_of_an_analyst(
    client: FlaskClient, services: Services, dataset: Access
) -> None:
    reader = services.keys.create("k", [scopes.READ], reach=Reach.of_dataset(dataset.uuid)).secret
    query = {"station": {"$regex": "^ridge"}}
    refused = client.post(dataset.url, json=query, auth=(reader, ""))
    assert refused.status_code == 403
    assert refused.json["error"]["detail"]["operator"] == "$regex"
    assert client.post(dataset.url, json=query, auth=dataset.auth).status_code == 200


def test_a_process_believes_in_a_key_for_less_than_a_second() -> None:
    assert CACHE_S < 1


def test_a_revoked_key_is_shut_in_another_process(
    settings: Settings, services: Services, dataset: Access
) -> None:
    elsewhere = open_hub(settings)
    visitor = create_app(settings, elsewhere.services).test_client()
    assert visitor.get(dataset.url, auth=dataset.auth).status_code == 200
    (key,) = services.keys.all(dataset.uuid)
    services.keys.revoke(key.id)
    wait_until(lambda: visitor.get(dataset.url, auth=dataset.auth).status_code == 401, "shut")
    elsewhere.close()


def test_a_deleted_dataset_is_shut_in_another_process_for_an_open_key_too(
    settings: Settings, services: Services, dataset: Access
) -> None:
    auth = (services.keys.create("all", scopes.SCOPES).secret, "")
    elsewhere = open_hub(settings)
    visitor = create_app(settings, elsewhere.services).test_client()
    assert visitor.get(dataset.url, auth=auth).status_code == 200
    services.datasets.delete(dataset.uuid)
    wait_until(lambda: visitor.get(dataset.url, auth=auth).status_code == 401, "shut")
    elsewhere.close()


def test_a_rotation_leaves_two_secrets_until_the_grace_is_over(
    client: FlaskClient, services: Services, dataset: Access, database: Database
) -> None:
    (key,) = services.keys.all(dataset.uuid)
    rotated = services.keys.rotate(key.id, grace=timedelta(hours=1))
    with pytest.raises(Conflict):
        services.keys.rotate(key.id, grace=timedelta(hours=1))
    fresh = (rotated.secret, "")
    assert client.get(dataset.url, auth=dataset.auth).status_code == 200
    assert client.get(dataset.url, auth=fresh).status_code == 200
    over = datetime.now(UTC) - timedelta(seconds=1)
    database["keys"].update_one({"_id": key.id}, {"$set": {"secrets.0.expires": over}})
    wait_until(lambda: client.get(dataset.url, auth=dataset.auth).status_code == 401, "ended")
    assert client.get(dataset.url, auth=fresh).status_code == 200
    services.keys.rotate(key.id, grace=timedelta(0))
    wait_until(lambda: client.get(dataset.url, auth=fresh).status_code == 401, "ended")


def test_a_revoked_key_cannot_be_rotated(services: Services, dataset: Access) -> None:
    (key,) = services.keys.all(dataset.uuid)
    services.keys.revoke(key.id)
    with pytest.raises(Conflict):
        services.keys.rotate(key.id, grace=timedelta(0))
    with pytest.raises(NotFound):
        services.keys.revoke("nobody")


@pytest.mark.parametrize(
    "arguments",
    [
        {"scopes": []},
        {"scopes": ["dataset:all"]},
        {
            "scopes": [scopes.READ],
            "reach": Reach(datasets=frozenset(), devices=frozenset(), streams=frozenset()),
        },
        {"scopes": [scopes.READ], "lifetime": timedelta(0)},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(services: Services, arguments: dict) -> None:
    with pytest.raises(Invalid):
        services.keys.create("nonsense", **arguments)
    assert not [key for key in services.keys.all() if key.label == "nonsense"]


def test_the_database_holds_no_secret(
    services: Services, dataset: Access, database: Database
) -> None:
    services.people.users.create("ann", "correct horse battery", staff=True, superuser=False)
    shown = [dataset.secret, dataset.secret.removeprefix("hub_"), "correct horse battery"]
    for name in database.list_collection_names():
        text = str(list(database[name].find()))
        assert not any(secret in text for secret in shown), name


def test_last_use_is_remembered_and_not_on_every_request(
    client: FlaskClient, settings: Settings, services: Services, dataset: Access
) -> None:
    """Another process has not looked the key up before."""
    client.get(dataset.url, auth=dataset.auth)
    (first,) = services.keys.all(dataset.uuid)
    assert first.last_used is not None
    elsewhere = open_hub(settings)
    visitor = create_app(settings, elsewhere.services).test_client()
    assert visitor.get(dataset.url, auth=dataset.auth).status_code == 200
    elsewhere.close()
    assert services.keys.all(dataset.uuid)[0].last_used == first.last_used
