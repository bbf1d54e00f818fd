"""``hub user``: a password is asked for or piped in, and never stands in the command."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from hub.app import create_app
from hub.cli.root import hub
from hub.services import Services
from hub.settings import Settings
from tests.people import PASSWORD, SESSION, logged_in, login, made_user

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings) -> Run:
    """Run ``hub user`` over the database of ``services``."""
    env = {
        "HUB_MONGO_URI": settings.mongo_uri,
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": settings.secret,
    }
    return lambda *arguments, **more: CliRunner(env=env).invoke(hub, ["user", *arguments], **more)


@pytest.fixture(scope="module")
def app(settings: Settings, services: Services) -> Flask:
    return create_app(settings, services)


def fresh_name() -> str:
    return f"user-{secrets.token_hex(4)}"


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        ((), f"{PASSWORD}\n{PASSWORD}\n"),
        (("--password-stdin",), f"{PASSWORD}\n"),
        (("--password-stdin",), f"{PASSWORD}\r\nmore\n"),
        (("--password-stdin",), PASSWORD),
    ],
)
def test_who_was_made_gets_in(run: Run, app: Flask, options: tuple[str, ...], typed: str) -> None:
    name = fresh_name()
    done = run("create", name, "--staff", *options, input=typed)
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    assert login(app.test_client(), name).status_code == 201


@pytest.mark.parametrize(
    "typed", [f"{PASSWORD}\nanother one\n", "short\n", "", "\n"], ids=["unlike", "short", "", "nl"]
)
@pytest.mark.parametrize("options", [(), ("--password-stdin",)])
def test_a_password_that_is_none_makes_nobody(
    run: Run, services: Services, options: tuple[str, ...], typed: str
) -> None:
    if options and PASSWORD in typed:
        typed = "p" * 1001
    name = fresh_name()
    assert run("create", name, *options, input=typed).exit_code != 0
    assert name not in [user.name for user in services.people.users.all()]


def test_another_password_ends_what_the_first_opened(
    run: Run, app: Flask, services: Services
) -> None:
    person = logged_in(app, made_user(services))
    other = "another horse battery"
    done = run("passwd", person.name, "--password-stdin", input=other)
    assert done.exit_code == 0, done.output
    assert person.client.get(SESSION).status_code == 401
    assert login(app.test_client(), person.name).status_code == 401
    assert login(app.test_client(), person.name, other).status_code == 201


def test_nobody_is_removed_without_a_yes(run: Run, services: Services) -> None:
    name = made_user(services)
    assert run("delete", name, input="n\n").exit_code == 1
    assert services.people.users.get(name).staff
    done = run("delete", name, "--yes", "--json")
    assert json.loads(done.stdout) == {"name": name, "deleted": True}
    assert name not in [user.name for user in services.people.users.all()]


@pytest.mark.parametrize(
    "command", [("delete", "nobody", "--yes"), ("passwd", "nobody", "--password-stdin")]
)
def test_who_is_not_there(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, input=PASSWORD)
    assert done.exit_code == 1
    assert "no such user" in done.output


def test_the_list_tells_who_may_do_what(run: Run, services: Services) -> None:
    name = made_user(services, staff=False, superuser=True)
    (told,) = [row for row in json.loads(run("list", "--json").stdout) if row["name"] == name]
    assert (told["staff"], told["superuser"]) == (False, True)
    assert set(told) == {"name", "staff", "superuser", "created"}
