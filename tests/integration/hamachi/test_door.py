"""Hamachi over HTTP, as the interface has it, over a fake program that replays recorded outputs."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from hub.services import Services, scopes
from hub.settings import Settings
from tests.hamachi import DOWN, LIST, NO_RIGHTS, STATUS, Fake, step
from tests.plant import Door, code, door, faults, reach

JOINED = step("Joining net .. ok\n")
NETWORK = "hamachi/network/"


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Fake:
    return Fake.made(tmp_path_factory.mktemp("hamachi"))


@pytest.fixture(scope="module")
def settings(mongo_uri: str, database: Database[Any], fake: Fake) -> Settings:
    return Settings(
        mongo_uri=mongo_uri,
        mongo_db=database.name,
        secret="s" * 40,
        data_dir=fake.folder / "data",
        hamachi_command=fake.command,
    )


@pytest.fixture(scope="module")
def plant(client: FlaskClient, services: Services) -> Door:
    return door(client, services)


def by(plant: Door, services: Services) -> str:
    """The id of the key that opens a door."""
    found = services.keys.verify(plant.secret)
    assert found
    return found.key_id


def failed(reason: str) -> dict[str, Any]:
    return step(f"Doing net .. failed, {reason}\n")


def test_the_status(plant: Door, fake: Fake) -> None:
    fake.prints(step(STATUS))
    answer = plant.get("hamachi/")
    assert (answer.status_code, answer.json) == (
        200,
        {
            "version": "2.1.0.198",
            "pid": 25585,
            "status": "logged in",
            "client_id": "230-321-123",
            "ipv4": "25.12.123.12",
            "ipv6": "1234:9b::190c:b31d",
            "nickname": "test-name",
            "account": "example@gmail.com",
            "account_pending": True,
        },
    )


def test_the_networks(plant: Door, fake: Fake) -> None:
    fake.prints(step(LIST))
    answer = plant.get(NETWORK)
    assert answer.status_code == 200
    assert [each["id"] for each in answer.json] == ["398-581-422", "Artwork", "Bug Hunters"]
    assert answer.json[1]["members"][1] == {
        "id": "094-409-762",
        "nickname": "Beth",
        "status": "offline",
        "ipv4": "25.1.2.9",
        "ipv6": None,
        "alias": None,
        "connection": None,
        "transport": None,
        "endpoint": None,
        "note": None,
    }
    assert fake.asked == [["list"]]


@pytest.mark.parametrize("name", ["398-581-422", "Artwork", "Bug%20Hunters"])
def test_one_network(plant: Door, fake: Fake, name: str) -> None:
    fake.prints(step(LIST))
    answer = plant.get(f"{NETWORK}{name}/")
    assert (answer.status_code, answer.json["id"]) == (200, name.replace("%20", " "))


@pytest.mark.parametrize("name", ["test789-net", "artwork", "-h", "x" * 300, "a%0Ab", "%00"])
def test_a_network_that_this_machine_is_not_in(plant: Door, fake: Fake, name: str) -> None:
    fake.prints(step(LIST))
    assert code(plant.get(f"{NETWORK}{name}/")) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "password"),
    [
        ({}, ""),
        ({"password": None}, ""),
        ({"password": ""}, ""),
        ({"password": "p w"}, "p w"),
    ],
)
def test_joining(
    plant: Door, fake: Fake, services: Services, body: dict[str, Any], password: str
) -> None:
    fake.prints(JOINED)
    answer = plant.post(NETWORK, network="398-582-210", **body)
    told = {"network": "398-582-210", "joined": True, "pending": False}
    assert (answer.status_code, answer.json) == (201, told)
    assert fake.asked == [["do-join", "398-582-210", password]]
    (note,) = services.audit.latest(1)
    assert note.pop("at")
    told = {"action": "hamachi.join", "network": "398-582-210", "joined": True}
    assert note == told | {"by": by(plant, services)}


def test_joining_what_needs_approval(plant: Door, fake: Fake) -> None:
    fake.prints(step("Joining net .. ok, request sent\n"))
    answer = plant.post(NETWORK, network="net")
    told = {"network": "net", "joined": False, "pending": True}
    assert (answer.status_code, answer.json) == (202, told)


@pytest.mark.parametrize(
    ("printed", "status", "name", "detail"),
    [
        (failed("network not found"), 404, "not_found", {"network": "net"}),
        (failed("the network is full"), 409, "conflict", {"network": "net", "reason": "full"}),
        (failed("network is locked"), 409, "conflict", {"network": "net", "reason": "locked"}),
        (
            failed("you are already a member"),
            409,
            "conflict",
            {"network": "net", "reason": "already_member"},
        ),
        (failed("you are an owner"), 409, "conflict", {"network": "net", "reason": "owner"}),
        (
            failed("invalid password"),
            400,
            "bad_field",
            {"fields": {"password": "Is not that of the network."}},
        ),
        (failed("busy"), 503, "hamachi_unavailable", {"reason": "busy"}),
        (failed("[248]"), 502, "hamachi_error", {"reason": "[248]"}),
        (step("Joining net .. failed\n"), 502, "hamachi_error", {"reason": None}),
        (failed("no good: s3cr3t"), 502, "hamachi_error", {}),
        (step("s3cr3t?\n", code=2), 502, "hamachi_error", {"exit_code": 2}),
        (step(DOWN, code=1), 503, "hamachi_unavailable", {"reason": "not_running"}),
        (step(err=NO_RIGHTS), 503, "hamachi_unavailable", {"reason": "no_rights"}),
    ],
)
def test_a_failure(
    plant: Door,
    fake: Fake,
    printed: dict[str, Any],
    status: int,
    name: str,
    detail: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    fake.prints(printed)
    with caplog.at_level(logging.DEBUG):
        answer = plant.post(NETWORK, network="net", password="s3cr3t")
    assert code(answer) == (status, name)
    assert answer.json["error"]["detail"] == detail
    assert "s3cr3t" not in answer.text + caplog.text


@pytest.mark.parametrize("word", ["-h", " a", "a ", "a\nb", "a\0", "\ud800", "x" * 65, "\u202e", 1])
@pytest.mark.parametrize("field", ["network", "password"])
def test_words_that_are_not_handed_on(plant: Door, fake: Fake, field: str, word: object) -> None:
    fake.prints(JOINED)
    body = {"network": "net"} | {field: word}
    assert faults(plant.post(NETWORK, **body)).keys() == {field}
    assert fake.calls == []


@pytest.mark.parametrize("body", [{}, {"network": None}, {"network": ""}, {"network": "a", "x": 1}])
def test_a_body_that_joins_nothing(plant: Door, fake: Fake, body: dict[str, Any]) -> None:
    fake.prints(JOINED)
    assert faults(plant.post(NETWORK, **body))
    assert fake.calls == []


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (f"{NETWORK}My%20net/", None),
        (f"{NETWORK}?network=My+net", None),
        (NETWORK, {"network": "My net"}),
        (f"{NETWORK}?network=My+net", {"network": "My net"}),
        (f"{NETWORK}?network=My+net", {}),
    ],
)
def test_leaving(plant: Door, fake: Fake, services: Services, url: str, body: Any) -> None:
    fake.prints(step("Leaving My net .. ok\n"))
    answer = plant.ask("DELETE", url, body)
    assert (answer.status_code, answer.data) == (204, b"")
    assert fake.asked == [["leave", "My net"]]
    (note,) = services.audit.latest(1)
    assert note.pop("at")
    told = {"action": "hamachi.leave", "network": "My net"}
    assert note == told | {"by": by(plant, services)}


@pytest.mark.parametrize(
    ("url", "body", "found"),
    [
        (NETWORK, None, (400, "bad_field")),
        (NETWORK, {}, (400, "bad_field")),
        (NETWORK, {"network": "-x"}, (400, "bad_field")),
        (NETWORK, [], (400, "bad_field")),
        (f"{NETWORK}?network=a", {"network": "b"}, (400, "bad_parameter")),
        (f"{NETWORK}?network=a&network=a", None, (400, "bad_parameter")),
        (f"{NETWORK}?net=a", None, (400, "bad_parameter")),
        (f"{NETWORK}?network=-x", None, (404, "not_found")),
        (f"{NETWORK}-x/", None, (404, "not_found")),
        (f"{NETWORK}{'x' * 65}/", None, (404, "not_found")),
    ],
)
def test_what_leaves_nothing(
    plant: Door, fake: Fake, url: str, body: Any, found: tuple[int, str]
) -> None:
    fake.prints(JOINED)
    assert code(plant.ask("DELETE", url, body)) == found
    assert fake.calls == []


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("not found", (404, "not_found")),
        ("network not found", (404, "not_found")),
        ("you are an owner", (409, "conflict")),
        ("who knows", (502, "hamachi_error")),
    ],
)
def test_leaving_what_cannot_be_left(
    plant: Door, fake: Fake, reason: str, found: tuple[int, str]
) -> None:
    fake.prints(failed(reason))
    assert code(plant.delete(f"{NETWORK}net/")) == found


@pytest.mark.parametrize(
    ("scope", "method", "url", "status"),
    [
        (scopes.SYSTEM_READ, "GET", NETWORK, 200),
        (scopes.SYSTEM_READ, "POST", NETWORK, 403),
        (scopes.SYSTEM_READ, "DELETE", f"{NETWORK}net/", 403),
        (scopes.SYSTEM_READ, "DELETE", f"{NETWORK}?network=net", 403),
        (scopes.SYSTEM_WRITE, "GET", NETWORK, 200),
        (scopes.DEVICE_WRITE, "GET", NETWORK, 403),
    ],
)
def test_what_scopes_open(
    client: FlaskClient,
    services: Services,
    fake: Fake,
    scope: str,
    method: str,
    url: str,
    status: int,
) -> None:
    fake.prints(step(LIST))
    other = door(client, services, scope, within=reach(devices=[]))
    assert other.ask(method, url).status_code == status


def test_too_many_calls_of_one_key(plant: Door, services: Services, fake: Fake) -> None:
    permits = services.system.hamachi._permits
    key = services.keys.create("k", [scopes.SYSTEM_READ])
    releases = [permits.take(key.key.id, heavy=False) for _ in range(2)]
    fake.prints(step(STATUS))
    try:
        mine = Door(plant.client, key.secret).get("hamachi/")
        assert code(mine) == (429, "too_many_requests")
        assert plant.get("hamachi/").status_code == 200
    finally:
        for release in releases:
            release()
