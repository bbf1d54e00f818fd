"""The plant API for tests: a door that is opened by a key, and things behind it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.services import Services, scopes
from hub.values import Reach


def fresh(what: str = "thing") -> str:
    """A name that nothing has."""
    return f"{what} {uuid.uuid4()}"


def reach(*, devices: Any = None, streams: Any = None) -> Reach:
    """A reach within the plant; None where it is not restricted."""
    return Reach(
        devices=None if devices is None else frozenset(devices),
        streams=None if streams is None else frozenset(streams),
    )


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def faults(answer: TestResponse) -> dict[str, str]:
    """What is wrong with which field."""
    assert code(answer) == (400, "bad_field"), answer.json
    return answer.json["error"]["detail"]["fields"]


@dataclass(frozen=True)
class Door:
    """The plant API as one key sees it."""

    client: FlaskClient
    secret: str

    def ask(self, method: str, url: str, body: Any = None, **more: Any) -> TestResponse:
        if body is not None:
            more["json"] = body
        return self.client.open(f"/api/{url}", method=method, auth=(self.secret, ""), **more)

    def get(self, url: str) -> TestResponse:
        return self.ask("GET", url)

    def post(self, url: str, **body: Any) -> TestResponse:
        return self.ask("POST", url, body)

    def put(self, url: str, **body: Any) -> TestResponse:
        return self.ask("PUT", url, body)

    def patch(self, url: str, **body: Any) -> TestResponse:
        return self.ask("PATCH", url, body)

    def delete(self, url: str) -> TestResponse:
        return self.ask("DELETE", url)

    def device(self, **changes: Any) -> int:
        """A new Modbus device; its id."""
        body = {"name": fresh("device"), "kind": "modbus", "host": "10.0.0.7"} | changes
        answer = self.post("device/", **body)
        assert answer.status_code == 201, answer.json
        return int(answer.json["id"])

    def data(self, **changes: Any) -> int:
        """A new data stream; its id."""
        answer = self.post("data/", **({"name": fresh("data")} | changes))
        assert answer.status_code == 201, answer.json
        return int(answer.json["id"])

    def group(self, **changes: Any) -> int:
        """A new group; its id."""
        answer = self.post("group/", **({"name": fresh("group")} | changes))
        assert answer.status_code == 201, answer.json
        return int(answer.json["id"])


def door(client: FlaskClient, services: Services, *of: str, within: Reach | None = None) -> Door:
    """The door for a new key: every scope and everything, unless it is said otherwise."""
    made = services.keys.create("k", of or scopes.SCOPES, reach=within or Reach())
    return Door(client, made.secret)
