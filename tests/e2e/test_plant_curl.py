"""The interface's own curl lines, run as printed but for the base URL.

What they name is there by its number: device 1, data stream 10 and event log 55.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.services import scopes
from tests.hosts import Host, page
from tests.live import Live, running

PRINTED_ROOT = "http://datastone.local:8000"
CREATE = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"name":"Motor RPM","device":1,"path":"D16000","type":"int32"}' \\
"http://datastone.local:8000/api/data/"
"""
RECENT = """curl -H "Authorization: ApiKey $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/data/10/value/?limit=2"
"""
RECENT_ANSWER = """[
{
"data": 10,
"timestamp": "2026-04-28T12:00:00Z",
"value": 1200.5
}
]"""
POST_ONE = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"timestamp":"2026-04-28T12:00:00Z","value":1200.5}' \\
"http://datastone.local:8000/api/data/10/value/"
"""
STEPS = """curl -H "Authorization: ApiKey $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/data/10/statistic/?from=2026-04-28T00:00:00Z&to=2026-04-29T00:00:00Z&step=PT1H"
"""
PROCESS = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"selector":"#price","attr":"data-value"}' \\
"http://datastone.local:8000/api/event-log/55/process/"
"""
RETENTION = """{
"hypertable": "core_value",
"drop_after_days": 30
}"""
READY = "curl http://datastone.local:8000/readyz/?checks=db"
PRESS = {"name": "press", "kind": "melsec", "host": "192.0.2.7", "port": 5007, "enabled": False}
SHOP = b'<p id="price" data-value="1299.00">1299 EUR</p>'


@dataclass(frozen=True)
class Reader:
    """Somebody with the document, a shell and a key."""

    live: Live
    key: str

    def run(self, printed: str) -> Any:
        """A line of the document; what it prints, read."""
        line = printed.replace(PRINTED_ROOT, self.live.root)
        own = {**os.environ, "DATASTONE_API_KEY": self.key}
        done = subprocess.run(
            ["bash", "-c", line], env=own, capture_output=True, timeout=300, check=True
        )
        return json.loads(done.stdout)

    def post(self, path: str, body: object) -> Any:
        """What the document gives no line for."""
        answer = requests.post(
            f"{self.live.root}/api/{path}",
            json=json.loads(body) if isinstance(body, str) else body,
            headers={"X-API-Key": self.key},
            timeout=300,
        )
        assert answer.ok, answer.text
        return answer.json()


def shop(connection: socket.socket, head: bytes) -> None:
    page(SHOP)(connection, head)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Host(shop) as host:
        yield host


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Iterator[Reader]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with running(folder, HUB_FETCH_ALLOW=host.listed) as live:
        options = [part for scope in scopes.SCOPES for part in ("--scope", scope)]
        made = live.cli("key", "create", "reader", "--all-streams", "--all-devices", *options)
        yield Reader(live, made["key"])


def test_the_lines_of_the_interface(reader: Reader) -> None:
    assert reader.post("device/", PRESS)["id"] == 1
    before = [reader.post("data/", {"name": f"stream {each}"})["id"] for each in range(1, 10)]
    assert before == list(range(1, 10))
    made = reader.run(CREATE)
    assert (made["id"], made["name"], made["device"]) == (10, "Motor RPM", 1)
    assert (made["path"], made["type"]) == ("D16000", "int32")
    assert reader.run(POST_ONE) == json.loads(RECENT_ANSWER)[0]
    assert reader.run(RECENT) == json.loads(RECENT_ANSWER)
    row = {"data": 10, "timestamp": "2026-04-28T12:00:00Z"}
    assert reader.run(STEPS) == [{**row, "mean": 1200.5, "min": 1200.5, "max": 1200.5}]
    limit = {"hypertable": "core_value", "drop_after_seconds": 30 * 86_400}
    assert reader.post("retention/", RETENTION) == limit


def test_an_event_log_is_processed_as_printed(reader: Reader, host: Host) -> None:
    for number in range(1, 56):
        log = reader.post("event-log/", {"kind": "price", "url": host.url()})
        assert log["id"] == number
    found = reader.run(PROCESS)
    assert (found["event_log"], found["value"]) == (55, "1299.00")


def test_the_health_line(reader: Reader) -> None:
    assert reader.run(READY)["status"] == "ok"
