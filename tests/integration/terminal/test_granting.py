"""Grants for terminals over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.errors import SetupError
from hub.services import Services, scopes
from hub.settings import Settings
from hub.store.client import connect
from hub.store.system.terminal_hosts import Host, TerminalHosts
from tests.plant import Door, door, faults

URL = "webrtc/terminal-grant/"
BODY = {
    "terminal_id": "edge-01-shell",
    "host_id": "edge-01",
    "interactive": True,
    "allowed_presets": ["journal", "status"],
}


@pytest.fixture(scope="module")
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services, scopes.TERMINAL)


@pytest.fixture(scope="module")
def hosts(settings: Settings, services: Services) -> Any:
    mongo = connect(str(settings.mongo_uri), settings.mongo_db)
    yield TerminalHosts(mongo)
    mongo.close()


def test_a_grant(plant: Door) -> None:
    before = datetime.now(UTC).timestamp()
    answer = plant.post(URL, **BODY)
    told = answer.json
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    claims = jwt.decode(told["token"], options={"verify_signature": False})
    expires = datetime.fromisoformat(told["expires_at"])
    assert told == BODY | {"token": told["token"], "expires_at": told["expires_at"]}
    assert claims["exp"] == expires.timestamp()
    assert 58 < expires.timestamp() - before < 120
    assert {name: claims[name] for name in BODY} == BODY


def test_it_is_in_the_audit_without_its_token(plant: Door, services: Services) -> None:
    answer = plant.post(URL, **BODY)
    (entry,) = services.audit.latest(1)
    claims = jwt.decode(answer.json["token"], options={"verify_signature": False})
    assert (entry["action"], entry["grant"]) == ("terminal.grant", claims["jti"])
    assert (entry["host"], entry["terminal"]) == ("edge-01", "edge-01-shell")
    assert (entry["by"], entry["interactive"]) == (claims["sub"], True)
    assert answer.json["token"] not in str(entry)


def test_it_is_remembered_until_it_is_over(plant: Door, database: Database[Any]) -> None:
    token = plant.post(URL, **BODY).json["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    row = database["terminal_grants"].find_one({"_id": claims["jti"]})
    assert row
    assert row["expires"].timestamp() == claims["exp"]
    indexes = database["terminal_grants"].index_information()
    assert indexes["expires_1"]["expireAfterSeconds"] == 3600


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"terminal_id": None}, "terminal_id"),
        ({"terminal_id": ""}, "terminal_id"),
        ({"terminal_id": "a b"}, "terminal_id"),
        ({"terminal_id": "a\n"}, "terminal_id"),
        ({"terminal_id": "a" * 65}, "terminal_id"),
        ({"host_id": "h\N{LATIN SMALL LETTER O WITH DIAERESIS}st"}, "host_id"),
        ({"host_id": 5}, "host_id"),
        ({"interactive": 1}, "interactive"),
        ({"allowed_presets": "journal"}, "allowed_presets"),
        ({"allowed_presets": [5]}, "allowed_presets.0"),
        ({"allowed_presets": ["a/b"]}, "allowed_presets.0"),
        ({"allowed_presets": ["a", "a"]}, "allowed_presets"),
        ({"allowed_presets": [f"p{n}" for n in range(51)]}, "allowed_presets"),
        ({"interactive": False, "allowed_presets": []}, "allowed_presets"),
        ({"ttl": 5}, "ttl"),
    ],
)
def test_what_is_refused(plant: Door, change: dict[str, Any], field: str) -> None:
    assert list(faults(plant.post(URL, **BODY | change))) == [field]


@pytest.mark.parametrize("name", ["terminal_id", "host_id", "interactive"])
def test_what_is_needed(plant: Door, name: str) -> None:
    body = {key: value for key, value in BODY.items() if key != name}
    assert list(faults(plant.post(URL, **body))) == [name]


def test_a_shell_needs_no_presets(plant: Door) -> None:
    body = {key: value for key, value in BODY.items() if key != "allowed_presets"}
    assert plant.post(URL, **body).json["allowed_presets"] == []


@pytest.mark.parametrize(
    ("shell", "change", "field"),
    [
        (True, {}, None),
        (True, {"allowed_presets": ["journal", "reboot"]}, "allowed_presets"),
        (False, {}, "interactive"),
        (False, {"interactive": False}, None),
    ],
)
def test_a_host_that_is_there_says_what_it_offers(
    plant: Door, hosts: TerminalHosts, shell: bool, change: dict[str, Any], field: str | None
) -> None:
    assert hosts.hold(Host("known", shell, ("journal", "status")), "agent", 60)
    answer = plant.post(URL, **BODY | {"host_id": "known"} | change)
    if field is None:
        assert answer.status_code == 201
    else:
        assert list(faults(answer)) == [field]


def test_a_host_that_is_gone_says_nothing(plant: Door, hosts: TerminalHosts) -> None:
    assert hosts.hold(Host("gone", False, ()), "agent", 60)
    hosts.leave("gone", "agent")
    assert plant.post(URL, **BODY | {"host_id": "gone"}).status_code == 201


def test_one_agent_a_host(hosts: TerminalHosts) -> None:
    host = Host("one", True, ())
    assert hosts.hold(host, "$first", 60)
    assert hosts.hold(host, "$first", 60)
    assert not hosts.hold(host, "second", 60)
    hosts.leave("one", "second")
    assert not hosts.hold(host, "second", 60)
    hosts.leave("one", "$first")
    assert hosts.hold(host, "second", 60)


def test_an_agent_that_fell_silent_holds_its_host_no_more(hosts: TerminalHosts) -> None:
    host = Host("silent", True, ())
    assert hosts.hold(host, "first", 0)
    assert hosts.get("silent") is None
    assert hosts.hold(host, "second", 60)
    assert hosts.get("silent") == host


def test_a_grant_does_not_live_long() -> None:
    with pytest.raises(SetupError, match="TERMINAL_GRANT_S"):
        Settings.from_env({"HUB_TERMINAL_GRANT_S": "601"})
