"""Every route of the application says how it is opened, and refuses whatever does not open it.

The routes are read from the application, so that one that is added is proved with the others.
Ids in the addresses are made up, but for a dataset: who is refused hears nothing of what is there.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from hub.api.auth import principal, requires_plant
from hub.api.opening import Opening, opened_throughout, opening_of
from hub.app import create_app
from hub.services import Services, scopes
from hub.settings import Settings
from tests.people import SESSION, Person, logged_in, made_user

SAFE = {"GET", "HEAD", "OPTIONS"}
LOGIN = "session.login"
READ_BY_POST = {"datasets.query"}
"""What asks with a body changes nothing."""
NOTHING_THERE = {"datastream.elsewhere", "odata_strict.serve"}
"""What answers 404 or 405 to every method that changes things changes nothing either."""
NUMBER = 987_654_321
WRONG = "hub_wrong"

probe = Blueprint("probe", __name__, url_prefix="/probe")


@probe.get("/<int:number>/")
@requires_plant(scopes.DEVICE_READ)
def seen(number: int) -> str:
    return principal().key_id


@probe.post("/<int:number>/")
@requires_plant(scopes.DEVICE_WRITE)
def changed(number: int) -> str:
    return principal().key_id


def application(settings: Settings, services: Services) -> Flask:
    """The hub, and two views that tell who was let in."""
    app = create_app(settings, services)
    app.register_blueprint(probe)
    return app


APP = application(Settings(), cast(Services, None))
"""Only to read the routes from."""


@dataclass(frozen=True)
class Route:
    rule: Rule
    method: str

    @property
    def opening(self) -> Opening:
        found = opening_of(APP, self.rule.endpoint)
        assert found, f"{self.rule.endpoint} does not say how it is opened"
        return found

    def url(self, dataset: str) -> str:
        """Its address, the dataset a real one."""
        given: dict[str, Any] = {
            name: NUMBER if isinstance(kind, IntegerConverter) else str(uuid.uuid4())
            for name, kind in self.rule._converters.items()
        }
        if "dataset" in given:
            given["dataset"] = dataset
        return APP.url_map.bind("localhost").build(self.rule.endpoint, given, self.method)


def routes() -> list[Route]:
    return [
        Route(rule, method)
        for rule in APP.url_map.iter_rules()
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]


def those(*by: str, changing: bool | None = None) -> pytest.MarkDecorator:
    """The routes that are opened in one of these ways; only those that change things, or not."""
    found = [
        route
        for route in routes()
        if (known := opening_of(APP, route.rule.endpoint)) and known.by in by
        if changing is None or changing == (route.method not in SAFE)
    ]
    assert found, by
    return pytest.mark.parametrize("route", found, ids=lambda r: f"{r.method} {r.rule.rule}")


@dataclass(frozen=True)
class World:
    """A hub with a dataset, keys for everything in it, and somebody who is logged in."""

    app: Flask
    services: Services
    dataset: str
    person: Person
    keys: dict[frozenset[str], str]

    def ask(self, route: Route, **more: Any) -> TestResponse:
        """A request of nobody, but for what is given."""
        client = cast(FlaskClient, more.pop("client", None) or self.app.test_client())
        return client.open(route.url(self.dataset), method=route.method, **more)

    def ask_with(self, route: Route, *allowed: str) -> TestResponse:
        """A request with a key that has these scopes and is not restricted."""
        wanted = frozenset(allowed)
        if wanted not in self.keys:
            self.keys[wanted] = self.services.keys.create("k", wanted).secret
        return self.ask(route, auth=(self.keys[wanted], ""))


@pytest.fixture(scope="module")
def world(settings: Settings, services: Services) -> World:
    app = application(settings, services)
    dataset = services.datasets.create("every route").dataset.uuid
    return World(app, services, dataset, logged_in(app, made_user(services)), {})


def is_let_in(answer: TestResponse) -> bool:
    return answer.status_code not in (401, 403)


@pytest.mark.parametrize("route", routes(), ids=lambda r: f"{r.method} {r.rule.rule}")
def test_it_says_how_it_is_opened(route: Route) -> None:
    opening = route.opening
    assert (opening.scope in scopes.SCOPES) == (opening.by in ("key", "plant"))


def test_a_route_that_does_not_say_so_is_found() -> None:
    app, bp = Flask("other"), Blueprint("late", __name__)
    app.add_url_rule("/", "bare", lambda: "")
    bp.add_url_rule("/late", "view", lambda: "")
    app.register_blueprint(bp)
    assert opening_of(app, "bare") is None
    assert opening_of(app, "late.view") is None
    opened_throughout(bp, Opening("public"))
    assert opening_of(app, "late.view") == Opening("public")


@pytest.mark.parametrize(
    "route",
    [route for route in routes() if route.method not in SAFE],
    ids=lambda r: f"{r.method} {r.rule.rule}",
)
def test_what_changes_things_needs_more_than_reading(route: Route) -> None:
    opening, endpoint = route.opening, route.rule.endpoint
    if endpoint in READ_BY_POST | NOTHING_THERE:
        assert opening.by in ("key", "any key")
    elif endpoint != LOGIN:
        assert opening.by in ("key", "plant", "session", "grant")
        assert not str(opening.scope).endswith(":read")


@those("key", "any key", "plant", "session")
def test_without_a_key(world: World, route: Route) -> None:
    answer = world.ask(route)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


@those("key", "plant")
def test_without_its_last_slash_it_is_the_same(world: World, route: Route) -> None:
    as_it_is = world.ask_with(route, *scopes.SCOPES)
    secret = world.keys[frozenset(scopes.SCOPES)]
    url = route.url(world.dataset).rstrip("/")
    answer = world.app.test_client().open(url, method=route.method, auth=(secret, ""))
    assert answer.status_code == as_it_is.status_code
    assert "Location" not in answer.headers


@those("optional", "public", changing=False)
def test_what_is_open_to_all(world: World, route: Route) -> None:
    assert is_let_in(world.ask(route))


@pytest.mark.parametrize("way", ["basic", "apikey", "header", "bearer"])
@those("key", "any key", "plant", "optional", "session")
def test_with_a_wrong_key(world: World, route: Route, way: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": (WRONG, "")},
        "apikey": {"headers": {"Authorization": f"ApiKey {WRONG}"}},
        "header": {"headers": {"X-API-Key": WRONG}},
        "bearer": {"headers": {"Authorization": f"Bearer {WRONG}"}},
    }
    assert world.ask(route, **ways[way]).status_code == route.opening.wrong_key


@those("plant")
def test_a_wrong_key_counts_before_a_session(world: World, route: Route) -> None:
    shown = {"X-API-Key": WRONG} | world.person.token
    answer = world.ask(route, client=world.person.client, headers=shown)
    assert answer.status_code == 401


@those("key", "plant")
def test_with_a_key_for_all_but_its_scope(world: World, route: Route) -> None:
    needed = str(route.opening.scope)
    others = [scope for scope in scopes.SCOPES if needed not in scopes.expanded([scope])]
    answer = world.ask_with(route, *others)
    assert answer.status_code == 403
    assert needed.encode() in answer.data


@those("key", "any key", "plant", changing=True)
def test_with_a_key_that_may_read_everything(world: World, route: Route) -> None:
    answer = world.ask_with(route, *(s for s in scopes.SCOPES if s.endswith(":read")))
    if route.rule.endpoint in NOTHING_THERE:
        assert answer.status_code in (404, 405)
    elif route.rule.endpoint not in READ_BY_POST:
        assert answer.status_code == 403


@those("key", "plant")
def test_with_a_key_for_its_scope_alone(world: World, route: Route) -> None:
    assert is_let_in(world.ask_with(route, str(route.opening.scope)))


@those("session")
def test_a_key_is_no_session(world: World, route: Route) -> None:
    assert world.ask_with(route, *scopes.SCOPES).status_code == 401


@pytest.mark.parametrize("way", ["nothing", "key", "session"])
@those("grant")
def test_nothing_else_stands_for_a_grant(world: World, route: Route, way: str) -> None:
    body = {"token": "x.y.z", "offer": {"type": "offer", "sdp": "v=0"}}
    key = world.services.keys.create("k", scopes.SCOPES).secret
    shown: dict[str, Any] = {
        "nothing": {},
        "key": {"auth": (key, "")},
        "session": {"client": world.person.client, "headers": world.person.token},
    }[way]
    answer = world.ask(route, json=body, **shown)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


@those("key", "any key")
def test_a_session_is_no_key(world: World, route: Route) -> None:
    answer = world.ask(route, client=world.person.client, headers=world.person.token)
    assert answer.status_code == 401


@pytest.mark.parametrize("shown", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}])
@those("plant", "session", "public", changing=True)
def test_with_a_session_and_without_its_token(world: World, route: Route, shown: dict) -> None:
    answer = world.ask(route, client=world.person.client, headers=shown)
    assert answer.status_code == 403
    assert answer.json["error"]["detail"] == {"header": "X-CSRF-Token"}


@those("plant", "session")
def test_with_a_session_that_never_was(world: World, route: Route) -> None:
    client = world.app.test_client()
    client.set_cookie("hub_session", "x" * 43)
    assert world.ask(route, client=client, headers=world.person.token).status_code == 401


@those("plant")
def test_with_a_session_and_its_token(world: World, route: Route) -> None:
    assert is_let_in(world.ask(route, client=world.person.client, headers=world.person.token))


@those("session", changing=False)
def test_reading_with_a_session_needs_no_token(world: World, route: Route) -> None:
    assert world.ask(route, client=world.person.client).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_let_in_by_a_session(world: World, method: str) -> None:
    answer = world.person.client.open("/probe/1/", method=method, headers=world.person.token)
    assert answer.text == f"user:{world.person.name}"


def test_a_good_key_counts_before_a_session_and_needs_no_token(world: World) -> None:
    issued = world.services.keys.create("k", [scopes.DEVICE_WRITE])
    shown = {"X-API-Key": issued.secret}
    assert world.person.client.post("/probe/1/", headers=shown).text == issued.key.id


def test_the_session_outlived_the_refusals(world: World) -> None:
    assert world.person.client.get(SESSION).json["user"]["name"] == world.person.name
