"""Devices read and written while several processes want them, in the hub as users run it."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.devices.machines import Beside, OneAtATime, beside
from tests.live import PATIENCE_S, Live, wait_until

CLIENTS = 6
"""As many calls as a key may have under way in one process, should one get all of them."""
CALLS = 10
POLL_S = 0.1
SELDOM_S = 3600
TIMEOUT_S = 30
"""Of the devices: longer than any process may be kept from working."""


@dataclass
class Hub:
    live: Live
    plc: OneAtATime
    loop: Beside
    auth: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Over a connection of its own, which any web process may take."""
        connection = http.client.HTTPConnection(urlsplit(self.live.root).netloc, timeout=PATIENCE_S)
        try:
            text = None if body is None else json.dumps(body)
            headers = self.auth | {"Content-Type": "application/json"}
            connection.request(method, f"/api/{path}", text, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def made(self, path: str, /, **body: Any) -> int:
        status, told = self.ask("POST", path, body)
        assert status == 201, told
        return int(told["id"])

    def values(self, stream: int) -> int:
        status, told = self.ask("GET", f"data/{stream}/value/?limit=10000")
        assert status == 200, told
        return len(told)


@pytest.fixture(scope="module")
def hub(live: Live) -> Iterator[Hub]:
    with beside() as loop:
        scopes = [
            each for name in ("device", "data", "value") for each in ("--scope", f"{name}:write")
        ]
        every = ("--all-devices", "--all-streams")
        key = live.cli("key", "create", "tests", *scopes, *every)["key"]
        plc = OneAtATime()
        loop.run(plc.__aenter__())
        plc.words["D"][0] = 7
        auth = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
        yield Hub(live, plc, loop, auth)
        loop.run(plc.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def device(hub: Hub) -> Iterator[int]:
    given = {"kind": "melsec", "host": "127.0.0.1", "port": hub.plc.port}
    made = hub.made(
        "device/", name="direct", **given, enabled=False, timeout=TIMEOUT_S, poll_interval=POLL_S
    )
    yield made
    assert hub.ask("DELETE", f"device/{made}/?cascade=delete")[0] == 204


@pytest.fixture(scope="module")
def polled(hub: Hub, device: int) -> int:
    """A data stream of the device, which is being polled."""
    stream = hub.made("data/", name="speed", device=device, path="D0")
    assert hub.ask("PATCH", f"device/{device}/", {"enabled": True})[0] == 200
    wait_until(lambda: hub.values(stream) > 2, "it is polled")
    return stream


def everybody(hub: Hub, device: int) -> Counter[int]:
    """Many clients at once, each reading and writing; the statuses of all answers."""

    def one(client: int) -> list[int]:
        found = []
        for n in range(CALLS):
            url = f"device/{device}/io/D{100 + client}/"
            found.append(hub.ask("POST", url, {"value": n})[0])
            status, told = hub.ask("GET", url)
            assert (status, told) == (200, {"value": n})
        return found

    with ThreadPoolExecutor(CLIENTS) as threads:
        return Counter(status for each in threads.map(one, range(CLIENTS)) for status in each)


def test_many_clients_of_two_processes_share_one_connection(hub: Hub, device: int) -> None:
    wait_until(lambda: len(hub.live.children(r"gunicorn wsgi:app")) >= 3, "two processes")
    assert everybody(hub, device) == {200: CLIENTS * CALLS}
    assert hub.plc.turned_away == 0


def test_a_call_of_a_polled_device(hub: Hub, device: int, polled: int) -> None:
    before, connections = hub.values(polled), hub.plc.served
    assert everybody(hub, device) == {200: CLIENTS * CALLS}
    assert hub.plc.turned_away == 0
    assert hub.plc.served == connections
    wait_until(lambda: hub.values(polled) > before, "it is still polled")


def test_a_call_through_the_worker_does_not_wait_for_a_poll(hub: Hub) -> None:
    """The next poll is long after the time that a call is given."""
    alone = OneAtATime()
    hub.loop.run(alone.__aenter__())
    alone.words["D"][0] = 7
    try:
        given = {"kind": "melsec", "host": "127.0.0.1", "port": alone.port, "timeout": TIMEOUT_S}
        other = hub.made("device/", name="seldom polled", **given, poll_interval=SELDOM_S)
        stream = hub.made("data/", name="seldom", device=other, path="D0")
        wait_until(lambda: hub.values(stream) > 0, "it is polled")
        found = [hub.ask("GET", f"device/{other}/io/D0/") for _ in range(CALLS)]
        assert found == [(200, {"value": 7})] * CALLS
        assert (alone.served, alone.turned_away) == (1, 0)
        assert hub.ask("DELETE", f"device/{other}/?cascade=delete")[0] == 204
    finally:
        hub.loop.run(alone.__aexit__(None, None, None))
