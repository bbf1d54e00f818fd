"""What stands in an address: one spelling of each, digits of ASCII, and no host in a redirect."""

from __future__ import annotations

import uuid
from typing import Any, cast
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from hub.app import create_app
from hub.services import Services, scopes
from hub.settings import Settings

FOREIGN = "evil.example"
APP = create_app(Settings(), cast(Services, None))
"""Only to read the routes from."""
RULES = list(APP.url_map.iter_rules())
NUMBERED = [
    rule
    for rule in RULES
    if any(isinstance(kind, IntegerConverter) for kind in rule._converters.values())
]
DIGITS = {"fullwidth": "１", "arabic": "٣", "devanagari": "१२", "one among others": "1２"}  # noqa: RUF001


@pytest.fixture(scope="module")
def app(settings: Settings, services: Services) -> Flask:
    return create_app(settings, services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def address(rule: Rule, number: str = "7") -> str:
    """An address of a route, its numbers replaced."""
    marks: dict[str, Any] = {
        name: 987_654_321 if isinstance(kind, IntegerConverter) else str(uuid.uuid4())
        for name, kind in rule._converters.items()
    }
    built = APP.url_map.bind("localhost").build(rule.endpoint, marks, _method(rule))
    return built.replace("987654321", quote(number))


def _method(rule: Rule) -> str:
    return min((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}, default="GET")


def spellings(url: str) -> list[str]:
    """The address with and without its last slash, and with each of its slashes twice."""
    doubled = [f"{url[:at]}/{url[at:]}" for at, char in enumerate(url) if char == "/"]
    return [url, url.rstrip("/") or "/", f"{url.rstrip('/')}/", *doubled]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{_method(rule)} {rule.rule}")
def test_no_redirect_holds_what_the_client_said_of_the_host(
    client: FlaskClient, rule: Rule
) -> None:
    for url in spellings(address(rule)):
        for method in {_method(rule), "GET"}:
            answer = client.open(f"http://localhost{url}", method=method, headers={"Host": FOREIGN})
            location = answer.headers.get("Location", "/")
            assert FOREIGN not in location, url
            assert location[:1] == "/" != location[1:2], url


@pytest.mark.parametrize(
    "url", ["/api//device/", "//api/device/", "/api/v1//stream/", "/api//docs/"]
)
def test_a_double_slash_is_another_address(client: FlaskClient, url: str) -> None:
    assert client.get(f"http://localhost{url}").status_code == 404


@pytest.mark.parametrize("page", ["/streams", "/api/docs"])
def test_a_page_without_its_last_slash_leads_to_the_page(client: FlaskClient, page: str) -> None:
    answer = client.get(f"{page}?a=b", headers={"Host": FOREIGN})
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{page}/?a=b"


@pytest.mark.parametrize("number", DIGITS.values(), ids=DIGITS)
@pytest.mark.parametrize("rule", NUMBERED, ids=lambda rule: f"{_method(rule)} {rule.rule}")
def test_an_id_is_of_ascii_digits(client: FlaskClient, rule: Rule, number: str) -> None:
    assert client.open(address(rule, number), method=_method(rule)).status_code == 404


@pytest.mark.parametrize("rule", NUMBERED, ids=lambda rule: f"{_method(rule)} {rule.rule}")
def test_an_id_of_ascii_digits_is_one(client: FlaskClient, rule: Rule) -> None:
    """Nobody is let in without a key."""
    assert client.open(address(rule), method=_method(rule)).status_code == 401


@pytest.mark.parametrize("number", DIGITS.values(), ids=DIGITS)
@pytest.mark.parametrize(
    "address", ["device/?limit=", "device/?after=", "value/?limit=", "value/?data=", "value/?from="]
)
def test_a_number_in_a_query_is_of_ascii_digits(
    client: FlaskClient, services: Services, address: str, number: str
) -> None:
    key = services.keys.create("digits", {scopes.DEVICE_READ, scopes.VALUE_READ}).secret
    for given, status in (("7", 200), (quote(number), 400)):
        answer = client.get(f"/api/{address}{given}", headers={"X-API-Key": key})
        assert answer.status_code == status
