"""The options of devices over HTTP: those of their drivers, and secrets that are never told."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.devices.registry import KNOWN
from hub.services import Services
from hub.services.plant import options
from hub.values import DeviceKind
from tests.pki import Identity, identity
from tests.plant import Door, door, faults, fresh

LOGIN = {"user": "anna", "password": "secret"}


@pytest.fixture
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


@pytest.fixture(scope="module")
def ours() -> Identity:
    return identity("client")


def server(plant: Door, **chosen: Any) -> str:
    """The address of a new OPC UA device with these options."""
    return f"device/{plant.device(kind='opcua', options=chosen)}/"


def bare(plant: Door, url: str) -> dict[str, Any]:
    """A device as PUT wants it: what it was called, and no options."""
    return {"name": plant.get(url).json["name"], "kind": "opcua", "host": "plc"}


def kept(database: Database, url: str) -> Any:
    """The password as it is in the database."""
    return database.devices.find_one({"_id": int(url.split("/")[1])})["options"]["password"]


def test_a_secret_is_not_told(plant: Door):
    told = plant.get(server(plant, **LOGIN)).json["options"]
    assert "password" not in told
    assert (told["user"], told["password_set"], told["private_key_set"]) == ("anna", True, False)


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"description": "x"}, True),
        ({"options": {"user": "bert"}}, True),
        ({"options": {"password_set": True}}, True),
        ({"options": {"password": "another"}}, True),
        ({"options": {"password": None}}, False),
        ({"options": {"password": None, "password_set": True}}, False),
        ({"kind": "modbus"}, False),
    ],
)
def test_patch_keeps_a_secret_that_is_not_named(plant: Door, change: dict[str, Any], stays: bool):
    url = server(plant, **LOGIN)
    answer = plant.patch(url, **change)
    assert (answer.status_code, answer.json["options"].get("password_set", False)) == (200, stays)


def test_put_without_a_secret_removes_it(plant: Door, database: Database):
    url = server(plant, **LOGIN)
    answer = plant.put(url, **bare(plant, url), options={"user": "anna"})
    assert (answer.status_code, answer.json["options"]["password_set"]) == (200, False)
    assert kept(database, url) is None


def test_what_was_told_may_be_put_back_and_changes_nothing(plant: Door, database: Database):
    url = server(plant, **LOGIN)
    told, sealed = plant.get(url).json, kept(database, url)
    answer = plant.put(url, **told)
    assert (answer.status_code, answer.json) == (200, told)
    assert kept(database, url) == sealed


@pytest.mark.parametrize("hint", [True, 1, None])
def test_that_there_is_a_secret_cannot_be_set(plant: Door, hint: Any):
    body = {"name": fresh(), "kind": "opcua", "host": "plc", "options": {"password_set": hint}}
    assert faults(plant.post("device/", **body)) == {"options.password_set": "Cannot be changed."}


def test_that_there_is_none_cannot_be_set_either(plant: Door):
    answer = plant.patch(server(plant, **LOGIN), options={"password_set": False})
    assert faults(answer) == {"options.password_set": "Cannot be changed."}


def test_what_was_kept_before_there_were_secrets_is_told_whole(plant: Door, database: Database):
    url = server(plant)
    number = int(url.split("/")[1])
    database.devices.update_one({"_id": number}, {"$set": {"options": {"path": "/old"}}})
    told = plant.get(url).json["options"]
    assert told == options.told("opcua", {}) | {"path": "/old"}
    assert plant.patch(url, options={"user": "anna"}).json["options"] == told | {"user": "anna"}


def test_a_secret_that_cannot_be_read_any_more_can_be_set_anew(plant: Door, database: Database):
    url = server(plant, **LOGIN)
    spoilt = {"options.password": "not sealed by this hub"}
    database.devices.update_one({"_id": int(url.split("/")[1])}, {"$set": spoilt})
    assert plant.patch(url, options={"password": "new"}).json["options"]["password_set"] is True


def test_what_a_policy_needs_is_named(plant: Door):
    body = {"name": fresh(), "kind": "opcua", "host": "plc"}
    answer = plant.post("device/", **body, options={"policy": "Basic256Sha256"})
    assert set(faults(answer)) == {"options.certificate", "options.private_key"}


def test_a_certificate_and_its_key_are_taken(plant: Door, ours: Identity):
    chosen = {"certificate": ours.certificate_pem, "private_key": ours.key_pem}
    told = plant.get(server(plant, policy="Aes256Sha256RsaPss", **chosen)).json["options"]
    assert (told["certificate"], told["private_key_set"]) == (ours.certificate_pem, True)
    assert "private_key" not in told


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("certificate", "nonsense"),
        ("certificate", ""),
        ("private_key", ""),
        ("server_certificate", ""),
        ("certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("server_certificate", "nonsense"),
        ("private_key", "nonsense"),
        ("private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("private_key", "\ud800"),
    ],
)
def test_what_is_no_pem_is_named_and_not_repeated(plant: Door, name: str, text: str):
    body = {"name": fresh(), "kind": "opcua", "host": "plc", "options": {name: text}}
    answer = plant.post("device/", **body)
    assert list(faults(answer)) == [f"options.{name}"]
    assert "AAAA" not in answer.text


def test_a_key_of_another_certificate_is_named(plant: Door, ours: Identity):
    chosen = {"certificate": ours.certificate_pem, "private_key": identity("other").key_pem}
    body = {"name": fresh(), "kind": "opcua", "host": "plc", "options": chosen}
    assert list(faults(plant.post("device/", **body))) == ["options.private_key"]


def test_a_new_certificate_is_held_against_the_key_that_stays(plant: Door, ours: Identity):
    url = server(plant, certificate=ours.certificate_pem, private_key=ours.key_pem)
    answer = plant.patch(url, options={"certificate": identity("other").certificate_pem})
    assert list(faults(answer)) == ["options.private_key"]


def test_a_password_needs_a_user(plant: Door):
    for nobody in (None, ""):
        answer = plant.patch(server(plant, **LOGIN), options={"user": nobody})
        assert list(faults(answer)) == ["options.user"]


OPTIONS = [(kind, name) for kind, known in KNOWN.items() for name in known]


@pytest.mark.parametrize(("kind", "name"), OPTIONS)
@pytest.mark.parametrize("value", [[], True, -1])
def test_every_option_is_checked_at_creation(plant: Door, kind: DeviceKind, name: str, value: Any):
    option = KNOWN[kind][name]
    body = {"name": fresh(), "kind": kind, "host": "plc", "port": 1, "options": {name: value}}
    answer = plant.post("device/", **body)
    if option.check(value) is None:
        assert answer.status_code == 201
    else:
        assert list(faults(answer)) == [f"options.{name}"]


NEEDED = {
    "options.user",
    "options.certificate",
    "options.private_key",
    "options.server_certificate",
}
"""What is wrong beyond a single option."""


@pytest.mark.parametrize("value", [10**299, -(10**299)])
def test_a_number_may_be_larger_than_an_integer_of_the_database(plant: Door, value: int):
    made = plant.device(kind="ai", host=None, options={"threshold": value})
    assert plant.get(f"device/{made}/").json["options"]["threshold"] == float(value)
