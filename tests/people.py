"""Somebody who is logged in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.services import Services

SESSION = "/api/session/"
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    """A user, and a browser that holds the cookie of their session."""

    name: str
    client: FlaskClient
    csrf: str

    @property
    def token(self) -> dict[str, str]:
        """The header that an unsafe request needs."""
        return {"X-CSRF-Token": self.csrf}


def made_user(services: Services, *, staff: bool = True, superuser: bool = False) -> str:
    """A new user whose password is ``PASSWORD``; the name."""
    name = f"user-{secrets.token_hex(4)}"
    services.people.users.create(name, PASSWORD, staff=staff, superuser=superuser)
    return name


def login(
    client: FlaskClient, name: str, password: str = PASSWORD, *, address: str = "", **more: object
) -> TestResponse:
    """A login from an address that nobody else has, where none is given."""
    address = address or f"10.{'.'.join(str(part) for part in secrets.token_bytes(3))}"
    body = {"name": name, "password": password}
    return client.post(SESSION, json=body, environ_base={"REMOTE_ADDR": address}, **more)


def logged_in(app: Flask, name: str) -> Person:
    """Log in with a browser of one's own."""
    client = app.test_client()
    answer = login(client, name)
    assert answer.status_code == 201, answer.data
    return Person(name, client, answer.json["csrf_token"])
