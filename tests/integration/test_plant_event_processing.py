"""Event logs processed over HTTP: pages of real hosts, and the refusals in the hub's own words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.errors import SetupError
from hub.fetching.fetcher import FetchLimits
from hub.services import Services
from hub.settings import Settings
from hub.wiring import open_hub
from tests.hosts import Host, Say, page, redirect
from tests.plant import Door, code, door, faults

PRICE = b'<title>Shop</title><p id="price" data-value="42">4 <b>2</b></p><p>other</p>'
TIMEOUT_S = 2.0
PAGES: dict[str, Say] = {
    "/": page(PRICE),
    "/feed": page(b"<rss><channel><title>F</title><item>1</item></channel></rss>", kind="text/xml"),
    "/json": page(b'{"price": 42}', kind="application/json"),
    "/moved": redirect("/"),
    "/metadata": redirect("http://169.254.169.254/latest/meta-data/"),
    "/image": page(kind="image/png"),
    "/gone": page(status="404 Not Found"),
    "/large": page(b"x" * 20_001),
    "/dear": page(b"<b></b>" * 2_800),
    "/broken": page(b"<!-- -->", kind="text/xml"),
}


def say(connection: socket.socket, head: bytes) -> None:
    path = head.split()[1].decode()
    if path == "/silent":
        connection.recv(1)
        return
    PAGES[path](connection, head)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host(say) as host:
        yield host


@pytest.fixture(scope="module")
def listing(settings: Settings, host: Host) -> Iterator[FlaskClient]:
    """A hub whose operator lists the host."""
    fetch = FetchLimits(allow=host.listed, timeout_s=TIMEOUT_S, bytes_max=20_000)
    own = replace(settings, fetch=fetch)
    hub = open_hub(own)
    yield create_app(own, hub.services).test_client()
    hub.close()


@pytest.fixture
def plant(listing: FlaskClient, services: Services) -> Door:
    return door(listing, services)


def logged(plant: Door, url: str | None) -> int:
    answer = plant.ask("POST", "event-log/", {"kind": "price", "url": url})
    assert answer.status_code == 201, answer.json
    return int(answer.json["id"])


def processed(plant: Door, url: str, **body: Any) -> TestResponse:
    return plant.ask("POST", f"event-log/{logged(plant, url)}/process/", body)


def test_what_is_found_is_told_whole(plant: Door, host: Host) -> None:
    log = logged(plant, host.url(path="/moved"))
    answer = plant.post(f"event-log/{log}/process/", selector="#price", attr="data-value")
    told = dict(answer.json)
    assert answer.status_code == 200
    assert told.pop("fetched").endswith("Z")
    assert told == {
        "event_log": log,
        "url": host.url(),
        "status": 200,
        "content_type": "text/html",
        "title": "Shop",
        "selector": "#price",
        "attr": "data-value",
        "value": "42",
        "values": ["42"],
        "more": False,
    }


@pytest.mark.parametrize(
    ("path", "body", "values"),
    [
        ("/", {"selector": "p"}, ["4 2", "other"]),
        ("/", {"selector": "table"}, []),
        ("/", {}, ["4 2 other"]),
        ("/", {"selector": None, "attr": None}, ["4 2 other"]),
        ("/feed", {"selector": "item"}, ["1"]),
        ("/json", {}, ['{"price": 42}']),
    ],
)
def test_what_is_found(
    plant: Door, host: Host, path: str, body: dict[str, Any], values: list[str]
) -> None:
    told = processed(plant, host.url(path=path), **body).json
    assert (told["values"], told["value"]) == (values, values[0] if values else None)


def test_a_body_is_not_needed(plant: Door, host: Host) -> None:
    log = logged(plant, host.url())
    assert plant.ask("POST", f"event-log/{log}/process/").json["title"] == "Shop"


def test_the_event_log_stays_as_it_is(plant: Door, host: Host) -> None:
    log = logged(plant, host.url())
    before = plant.get(f"event-log/{log}/").json
    assert plant.post(f"event-log/{log}/process/", selector="p").status_code == 200
    assert plant.get(f"event-log/{log}/").json == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"selector": ""}, "selector"),
        ({"selector": "p >"}, "selector"),
        ({"selector": "p::text"}, "selector"),
        ({"selector": "p" * 257}, "selector"),
        ({"selector": "\ud800"}, "selector"),
        ({"selector": 7}, "selector"),
        ({"attr": "href"}, "attr"),
        ({"selector": "a", "attr": ""}, "attr"),
        ({"selector": "a", "attr": "x" * 101}, "attr"),
        ({"css": "p"}, "css"),
    ],
)
def test_a_bad_wish_fetches_nothing(
    plant: Door, host: Host, body: dict[str, Any], field: str
) -> None:
    before = host.connections
    assert list(faults(processed(plant, host.url(), **body))) == [field]
    assert host.connections == before


def test_without_a_url_there_is_nothing_to_fetch(plant: Door) -> None:
    log = logged(plant, None)
    assert code(plant.ask("POST", f"event-log/{log}/process/", {})) == (409, "conflict")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1:8080/",
        "http://no-such-host.invalid/",
    ],
)
def test_what_may_not_be_fetched(plant: Door, url: str) -> None:
    answer = processed(plant, url)
    assert code(answer) == (400, "fetch_refused")
    assert answer.json["error"]["detail"] == {}


def test_a_host_is_not_fetched_from_where_it_is_not_listed(
    client: FlaskClient, services: Services, host: Host
) -> None:
    before = host.connections
    assert code(processed(door(client, services), host.url())) == (400, "fetch_refused")
    assert host.connections == before


@pytest.mark.parametrize(
    ("path", "status", "told", "reason"),
    [
        ("/metadata", 400, "fetch_refused", None),
        ("/image", 502, "fetch_failed", "type"),
        ("/gone", 502, "fetch_failed", "status"),
        ("/large", 502, "fetch_failed", "size"),
        ("/broken", 502, "fetch_failed", "unreadable"),
        ("/silent", 504, "fetch_timeout", None),
    ],
)
def test_what_could_not_be_fetched(
    plant: Door, host: Host, path: str, status: int, told: str, reason: str | None
) -> None:
    answer = processed(plant, host.url(path=path))
    assert code(answer) == (status, told)
    assert answer.json["error"]["detail"].get("reason") == reason


def test_elements_of_what_has_none(plant: Door, host: Host) -> None:
    answer = processed(plant, host.url(path="/json"), selector="p")
    assert code(answer) == (400, "invalid")
    assert answer.json["error"]["detail"] == {"content_type": "application/json"}


def test_a_selector_that_is_too_dear(plant: Door, host: Host) -> None:
    dear = " ~ ".join(["b"] * 8)
    assert code(processed(plant, host.url(path="/dear"), selector=dear)) == (408, "over_budget")


def test_a_key_does_not_fetch_much_at_once(
    listing: FlaskClient, services: Services, host: Host
) -> None:
    plant = door(listing, services)
    log = logged(plant, host.url(path="/silent"))

    def ask(_: int) -> TestResponse:
        mine = Door(listing.application.test_client(), plant.secret)
        return mine.ask("POST", f"event-log/{log}/process/", {})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all("Retry-After" in answer.headers for answer in refused)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"HUB_FETCH_ALLOW": "10.0.0.0/33"}, "HUB_FETCH_ALLOW: 10.0.0.0/33"),
        ({"HUB_FETCH_TIMEOUT_S": "61"}, "HUB_FETCH_TIMEOUT_S: over 60"),
        ({"HUB_FETCH_BYTES_MAX": "99999999"}, "HUB_FETCH_BYTES_MAX: over"),
    ],
)
def test_a_setting_that_is_refused(given: dict[str, str], fault: str) -> None:
    with pytest.raises(SetupError, match=fault):
        Settings.from_env(given)


def test_what_the_operator_lists() -> None:
    settings = Settings.from_env({"HUB_FETCH_ALLOW": "wiki.plant, 10.1.0.0/16:8080"})
    assert settings.fetch.allow == "wiki.plant, 10.1.0.0/16:8080"
