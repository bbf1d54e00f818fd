"""Requests that the description allows, and such as it does not, against a whole hub.

None is a fault of the hub, and every answer is one that is described. The requests are made from
the description by a tool of others, the same ones each time. Half of them go to things that are
there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi import checks

from hub.api.body import NDJSON
from hub.api.openapi.document import document
from hub.app import create_app
from hub.services import Services, scopes
from hub.settings import Settings
from hub.wiring import open_hub
from tests import published
from tests.live import Live, running
from tests.people import PASSWORD, made_user

ROWS = [{"n": number, "at": {"m": number / 2}} for number in range(5)]
NOBODY = {"host": "127.0.0.1", "port": 1, "enabled": False}
"""A device that refuses every connection at once."""
EXAMPLES = 6
PATIENCE_S = 60
DESCRIBED = document(create_app(Settings(), cast(Services, None)))
REFUSALS = (501, 502, 504)
"""What is not done here, and pages that cannot be fetched: no faults."""
NOT_READY = re.compile(r"/readyz/|/api/device/\{device\}/(io|opcua)/.*|/api/hamachi/.*")
"""What says of the hub, of a device or of another program that it cannot be used."""


def no_fault(_: object, answer: schemathesis.Response, case: schemathesis.Case) -> None:
    """The hub did what it could; only some may be told that what they ask is not ready."""
    status = answer.status_code
    unready = status == 503 and NOT_READY.fullmatch(case.operation.path)
    assert status < 500 or status in REFUSALS or unready, answer.text


CHECKS = [
    no_fault,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@schemathesis.serializer(*NDJSON)
def lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """What is sent as lines: an item a line."""
    items = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(item, default=str) for item in items).encode()


SCHEMA = schemathesis.openapi.from_dict(
    DESCRIBED,
    config=schemathesis.Config.from_dict(
        {
            "generation": {"with-security-parameters": False},
            "phases": {"coverage": {"unexpected-methods": []}},
        }
    ),
)
BY_SESSION = {"session", "csrf"}


GIVEN = {"network_id": "398-582-210", "register": "5"}
"""Parts of paths for which nothing has to be made."""


@dataclass
class Caller:
    """Somebody who may do everything, with a key or logged in."""

    live: Live
    key: str
    user: str
    dataset: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def login(self) -> dict[str, dict[str, str]]:
        """What a request by a new session shows."""
        answer = requests.post(
            f"{self.live.root}/api/session/",
            json={"name": self.user, "password": PASSWORD},
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 201, answer.text
        cookies = answer.cookies.get_dict()
        return {"headers": {"X-CSRF-Token": answer.json()["csrf_token"]}, "cookies": cookies}

    def send(self, method: str, path: str, body: object) -> Any:
        """The answer to what must succeed."""
        answer = requests.request(
            method, f"{self.live.root}{path}", json=body, headers=self.shown(), timeout=PATIENCE_S
        )
        assert answer.ok, answer.text
        return answer.json()

    def shown(self) -> dict[str, str]:
        return {"X-API-Key": self.key}

    def made(self, part: str) -> Any:
        """What stands for a part of a path: the id of something new, but for the dataset."""
        name = f"{part} {next(self.numbers)}"
        if part in GIVEN:
            return GIVEN[part]
        match part:
            case "dataset":
                return self.dataset
            case "device":
                body = {"name": name, "kind": "modbus", **NOBODY}
                return self.send("POST", "/api/device/", body)["id"]
            case "group":
                return self.send("POST", "/api/group/", {"name": name})["id"]
            case "event_log":
                return self.send("POST", "/api/event-log/", {"kind": name})["id"]
            case "data" | "stream" | "ids":
                stream = self.send("POST", "/api/data/", {"name": name})
                self.record(stream["id"], "value", {"value": 1.5})
                return stream["id" if part == "data" else "uuid"]
            case "value" | "statistic":
                stream = self.send("POST", "/api/data/", {"name": name})
                told = {"value": 1.5} if part == "value" else {"mean": 1.5}
                self.record(stream["id"], part, told)
                return self.send("GET", f"/api/{part}/?data={stream['id']}", None)[0]["id"]
        raise AssertionError(f"nothing is made for {part}")

    def record(self, data: int, what: str, told: dict[str, object]) -> None:
        body = {"timestamp": "2026-04-28T12:00:00Z", **told}
        self.send("POST", f"/api/data/{data}/{what}/", body)


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Of a hub with published observations, and a dataset of documents."""
    with running(tmp_path_factory.mktemp("called")) as live:
        own = Settings.from_env(live.env)
        hub = open_hub(own)
        try:
            client = create_app(own, hub.services).test_client()
            published.make(client, hub.services)
            made = hub.services.datasets.create("called")
            answer = client.put(
                f"/api/dataset/{made.dataset.uuid}/", json=ROWS, auth=(made.access.secret, "")
            )
            assert answer.status_code == 201, answer.text
            key = hub.services.keys.create("caller", scopes.SCOPES).secret
            yield Caller(live, key, made_user(hub.services), made.dataset.uuid)
        finally:
            hub.close()


@pytest.fixture
def there(caller: Caller) -> dict[str, Any]:
    """Things that are there for one operation, by the part of its path; made when asked for."""
    return {}


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_described(
    case: schemathesis.Case, caller: Caller, there: dict[str, Any]
) -> None:
    if next(caller.numbers) % 2:
        for part in case.path_parameters.keys() - {"set", "key"}:
            if part not in there:
                there[part] = caller.made(part)
            case.path_parameters[part] = there[part]
    if schemes_of(case.operation) <= BY_SESSION:
        if "session" not in there:
            there["session"] = caller.login()
        shown = there["session"]
    else:
        shown = {"headers": caller.shown()}
    answer = case.call(base_url=caller.live.root, **shown)
    case.validate_response(answer, checks=CHECKS)


def schemes_of(operation: schemathesis.APIOperation) -> set[str]:
    """The ways to open an operation; a public one has none."""
    ways = operation.definition.raw["security"]
    return {scheme for way in ways for scheme in way} or {"none"}
