"""Logging in and out: who is let in, how long, and what ends it everywhere at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from flask import Flask
from pymongo.database import Database
from werkzeug.security import generate_password_hash

from hub.app import create_app
from hub.errors import Conflict, Invalid, NotFound, TooMany
from hub.services import Services, scopes
from hub.services.people.passwords import AT_ONCE, NOBODY, WAITING, Passwords
from hub.settings import Settings
from hub.store.client import connect
from hub.values import EVERYTHING
from hub.wiring import build_services, open_hub
from tests.live import wait_until
from tests.people import PASSWORD, SESSION, Person, logged_in, login, made_user

COOKIE = "hub_session"


@pytest.fixture(scope="module")
def app(settings: Settings, services: Services) -> Flask:
    return create_app(settings, services)


@pytest.fixture
def person(app: Flask, services: Services) -> Person:
    return logged_in(app, made_user(services))


def cookie_of(person: Person) -> str:
    found = person.client.get_cookie(COOKIE)
    assert found
    return found.value


def is_live(person: Person) -> bool:
    return person.client.get(SESSION).status_code == 200


@pytest.mark.parametrize(
    ("staff", "superuser", "status"),
    [(True, False, 201), (False, True, 201), (True, True, 201), (False, False, 403)],
)
def test_staff_and_superusers_get_in(
    app: Flask, services: Services, staff: bool, superuser: bool, status: int
) -> None:
    name = made_user(services, staff=staff, superuser=superuser)
    answer = login(app.test_client(), name)
    assert answer.status_code == status
    assert ("Set-Cookie" in answer.headers) == (status == 201)


def test_who_one_is(person: Person) -> None:
    answer = person.client.get(SESSION)
    told = answer.json
    assert told["user"] == {"name": person.name, "staff": True, "superuser": False}
    assert told["csrf_token"] == person.csrf
    left = datetime.fromisoformat(told["ends"]) - datetime.now(UTC)
    assert timedelta(hours=11.9) < left <= timedelta(hours=12)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_session_may_do_everything(services: Services, person: Person) -> None:
    visit = services.people.sessions.verify(cookie_of(person))
    assert visit
    assert visit.principal.scopes == set(scopes.SCOPES)
    assert visit.principal.reach == EVERYTHING


def test_refusals_of_a_login_look_the_same(app: Flask, services: Services) -> None:
    name, seen = made_user(services), set()
    for tried, password in ((name, PASSWORD + "x"), ("nobody", PASSWORD), ("\ud800", PASSWORD)):
        answer = login(app.test_client(), tried, password)
        seen.add((answer.status_code, answer.data, tuple(answer.headers)))
    assert len(seen) == 1
    ((status, _, headers),) = seen
    assert status == 401
    assert dict(headers)["WWW-Authenticate"].startswith("ApiKey ")


def scrypts(work: Callable[[], object]) -> int:
    """How often something computes scrypt, in this thread."""
    times = 0

    def count(frame: FrameType, event: str, called: Any) -> None:
        nonlocal times
        times += event == "c_call" and called.__name__ == "scrypt"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return times


def test_a_name_that_is_not_there_takes_as_much_work() -> None:
    passwords = Passwords()
    kept = passwords.hashed(PASSWORD)
    assert [len(part) for part in NOBODY.split("$")] == [len(part) for part in kept.split("$")]
    assert NOBODY.split("$")[0] == kept.split("$")[0]
    for of in (None, kept):
        assert scrypts(lambda of=of: passwords.is_right("wrong password", of)) == 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"json": {"name": "x"}}, 400),
        ({"json": {"name": "x", "password": PASSWORD, "remember": True}}, 400),
        ({"json": {"name": ["x"], "password": PASSWORD}}, 400),
        ({"json": {"name": "x", "password": 7}}, 400),
        ({"json": {"name": "x", "password": "p" * 1001}}, 400),
        ({"json": {"name": "x" * 101, "password": PASSWORD}}, 400),
        ({"json": ["x"]}, 400),
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"data": b"", "content_type": "application/json"}, 400),
        ({"data": b'{"name": "x", "password": "y"}'}, 415),
        ({"data": b'{"name": "x", "password": "y"}', "content_type": "text/plain"}, 415),
        ({"data": {"name": "x", "password": "y"}}, 415),
    ],
)
def test_what_is_no_login(app: Flask, sent: dict[str, Any], status: int) -> None:
    answer = app.test_client().post(SESSION, **sent)
    assert answer.status_code == status
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (b'{"name": "x", "name": "y", "password": "z"}', ["name"]),
        (b'{"name": "x", "pass": "z"}', ["password", "pass"]),
        (b"[]", []),
        (b"", []),
    ],
)
def test_what_is_wrong_with_a_login_is_named(app: Flask, sent: bytes, fields: list[str]) -> None:
    answer = app.test_client().post(SESSION, data=sent, content_type="application/json")
    error = answer.json["error"]
    assert (error["code"], list(error["detail"]["fields"])) == ("bad_field", fields)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("cafe\u0301 au lait", "caf\u00e9 au lait"), ("a\ud800bcdefghij", "a?bcdefghij")],
)
def test_a_password_is_the_same_however_it_is_typed(
    services: Services, app: Flask, typed: str, kept: str
) -> None:
    name = made_user(services)
    services.people.users.set_password(name, kept)
    assert login(app.test_client(), name, typed).status_code == 201


def test_the_cookie_is_for_this_site_only(app: Flask, services: Services) -> None:
    told = login(app.test_client(), made_user(services)).headers["Set-Cookie"].split("; ")
    assert told[0].startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(told)
    assert "Secure" not in told


def test_the_cookie_under_tls(app: Flask, services: Services) -> None:
    client, name = app.test_client(), made_user(services)
    told = login(client, name, base_url="https://localhost").headers["Set-Cookie"].split("; ")
    assert told[0].startswith(f"__Host-{COOKIE}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} <= set(told)
    assert client.get(SESSION, base_url="https://localhost").status_code == 200


@pytest.mark.parametrize(("proxies", "secure"), [(None, False), (1, True)])
def test_a_proxy_is_believed_where_the_settings_say_so(
    settings: Settings, services: Services, proxies: int | None, secure: bool
) -> None:
    believing = Settings(
        mongo_uri=settings.mongo_uri, secret=settings.secret, trusted_proxies=proxies
    )
    client = create_app(believing, services).test_client()
    shown = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    name = made_user(services)
    answer = login(client, name, address="10.0.0.1", headers=shown)
    assert ("Secure" in answer.headers["Set-Cookie"]) is secure
    (noted,) = [n for n in services.audit.latest(5) if n["action"] == "session.open"][:1]
    assert noted["address"] == ("198.51.100.7" if secure else "10.0.0.1")


def test_logging_out_ends_it_for_good(app: Flask, person: Person) -> None:
    secret = cookie_of(person)
    answer = person.client.delete(SESSION, headers=person.token)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    again = app.test_client()
    again.set_cookie(COOKIE, secret)
    assert again.get(SESSION).status_code == 401


def test_logging_in_again_is_another_session(app: Flask, person: Person) -> None:
    before = cookie_of(person)
    assert login(person.client, person.name).status_code == 403
    answer = login(person.client, person.name, headers=person.token)
    assert answer.status_code == 201
    assert answer.json["csrf_token"] != person.csrf
    assert cookie_of(person) != before
    stale = app.test_client()
    stale.set_cookie(COOKIE, before)
    assert stale.get(SESSION).status_code == 401


def test_a_token_is_of_its_own_session(app: Flask, person: Person) -> None:
    other = logged_in(app, person.name)
    assert person.client.delete(SESSION, headers=other.token).status_code == 403
    assert is_live(person)


ENDS: dict[str, Callable[[Services, str], None]] = {
    "another password": lambda services, name: services.people.users.set_password(
        name, PASSWORD + "!"
    ),
    "the same password": lambda services, name: services.people.users.set_password(name, PASSWORD),
    "removal": lambda services, name: services.people.users.delete(name),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_ends_every_session_of_a_user_at_once(
    settings: Settings, services: Services, person: Person, end: Callable[[Services, str], None]
) -> None:
    elsewhere = open_hub(settings)
    visitor = create_app(settings, elsewhere.services).test_client()
    visitor.set_cookie(COOKIE, cookie_of(person))
    assert visitor.get(SESSION).status_code == 200
    end(services, person.name)
    assert visitor.get(SESSION).status_code == 401
    elsewhere.close()


def test_a_user_of_the_same_name_is_another_one(
    services: Services, person: Person, database: Database
) -> None:
    rows = list(database["sessions"].find({"user": person.name}))
    services.people.users.delete(person.name)
    services.people.users.create(person.name, PASSWORD, staff=True, superuser=False)
    database["sessions"].insert_many(rows)
    assert not is_live(person)


def test_who_is_no_longer_staff_is_out(person: Person, database: Database) -> None:
    database["users"].update_one({"_id": person.name}, {"$set": {"staff": False}})
    assert not is_live(person)


def test_a_session_ends_when_it_is_idle(person: Person, database: Database) -> None:
    over = datetime.now(UTC) - timedelta(seconds=1)
    database["sessions"].update_one({"user": person.name}, {"$set": {"expires": over}})
    assert not is_live(person)


def expiry_after_a_request(person: Person, database: Database, **row: datetime) -> datetime:
    """When a session of which this is kept expires once it was used."""
    database["sessions"].update_one({"user": person.name}, {"$set": row})
    assert is_live(person)
    kept = database["sessions"].find_one({"user": person.name})
    assert kept
    return kept["expires"]


def test_a_request_prolongs_a_session(person: Person, database: Database) -> None:
    now = datetime.now(UTC)
    expires = expiry_after_a_request(person, database, expires=now + timedelta(minutes=58))
    assert expires - now > timedelta(minutes=59.9)


def test_not_every_request_prolongs_it(person: Person, database: Database) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=59, seconds=30)
    assert expiry_after_a_request(person, database, expires=soon) == soon


def test_nothing_prolongs_a_session_beyond_its_end(person: Person, database: Database) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    ends = now + timedelta(minutes=20)
    expires = now + timedelta(minutes=10)
    assert expiry_after_a_request(person, database, expires=expires, ends=ends) == ends


def test_sessions_and_attempts_are_removed_by_the_database(database: Database) -> None:
    for collection, field in (("sessions", "expires"), ("attempts", "due")):
        indexes = database[collection].index_information().values()
        assert [i["key"] for i in indexes if i.get("expireAfterSeconds") == 0] == [[(field, 1)]]


def test_the_database_holds_no_secret_of_a_session(person: Person, database: Database) -> None:
    secret = cookie_of(person)
    for name in database.list_collection_names():
        text = str(list(database[name].find()))
        assert not any(each in text for each in (secret, person.csrf, PASSWORD)), name


def test_another_hub_secret_opens_no_session(settings: Settings, person: Person) -> None:
    mongo = connect(settings.mongo_uri or "", settings.mongo_db)
    secret = cookie_of(person)
    assert build_services(settings, mongo, b"s" * 40).people.sessions.verify(secret)
    assert build_services(settings, mongo, b"o" * 40).people.sessions.verify(secret) is None
    mongo.close()


def test_an_older_hash_is_replaced_at_the_next_login(
    app: Flask, services: Services, database: Database
) -> None:
    name = made_user(services)
    older = generate_password_hash(PASSWORD, "scrypt:16384:8:1")
    database["users"].update_one({"_id": name}, {"$set": {"password": older}})
    assert logged_in(app, name).client.get(SESSION).status_code == 200
    kept = database["users"].find_one({"_id": name})
    assert kept
    assert kept["password"].startswith("scrypt:32768:8:3$")
    assert login(app.test_client(), name).status_code == 201


def test_users_that_make_no_sense(services: Services) -> None:
    name = made_user(services)
    with pytest.raises(Conflict):
        services.people.users.create(name, PASSWORD, staff=True, superuser=False)
    for bad in ("", "user:x", "a b", "x" * 101):
        with pytest.raises(Invalid):
            services.people.users.create(bad, PASSWORD, staff=True, superuser=False)
    for short in ("", "short", "p" * 1001):
        with pytest.raises(Invalid):
            services.people.users.set_password(name, short)


@pytest.mark.parametrize(
    "change",
    [
        lambda services: services.people.users.set_password("nobody", PASSWORD),
        lambda services: services.people.users.delete("nobody"),
        lambda services: services.people.users.get("nobody"),
    ],
)
def test_who_is_not_there(services: Services, change: Callable[[Services], None]) -> None:
    with pytest.raises(NotFound):
        change(services)


def test_many_logins_at_once_all_end(app: Flask, services: Services) -> None:
    name, statuses = made_user(services), []

    def one() -> None:
        statuses.append(login(app.test_client(), name).status_code)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 6


def test_a_crowd_of_logins_takes_a_few_threads() -> None:
    passwords, said = Passwords(), []

    def one() -> None:
        try:
            said.append(passwords.is_right("wrong password", None))
        except TooMany as exc:
            said.append(exc.detail["limit"])

    with ExitStack() as working:
        for _ in range(AT_ONCE):
            working.enter_context(passwords._places)
        threads = [threading.Thread(target=one) for _ in range(16)]
        for thread in threads:
            thread.start()
        away = 16 - AT_ONCE - WAITING
        wait_until(lambda: said == ["logins"] * away, "all but a few are sent away")
    for thread in threads:
        thread.join()
    assert said[away:] == [False] * (AT_ONCE + WAITING)
