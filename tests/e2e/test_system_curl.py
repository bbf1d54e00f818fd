"""What the interface document says of the system and of direct access, by curl against a hub with
a fake ``hamachi`` on its PATH and a simulated controller as device 1."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hub.services import scopes
from tests.hamachi import LIST, STATUS, Fake, step
from tests.integration.devices.machines import OneAtATime, beside
from tests.live import PATIENCE_S, Live, running

PRINTED_ROOT = "http://datastone.local:8000"
READ_IO = """curl -H "Authorization: ApiKey $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/device/1/io/D16000/?type=int32"
"""
READ_IO_ANSWER = """{
"value": 12345
}"""
WRITE_IO = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"value": 42}' \\
"http://datastone.local:8000/api/device/1/io/D16000/?type=int32"
"""
WRITE_IO_ANSWER = """{
"written": true,
"value": 42
}"""
TERMINAL = """{
"terminal_id": "edge-01-shell",
"host_id": "edge-01",
"interactive": true,
"allowed_presets": ["journal", "status"]
}"""
JSON = ("-H", "Content-Type: application/json")
AT_ONCE = 20


@dataclass(frozen=True)
class Reader:
    """Somebody with the document, a shell and a key; ``fake`` is the hub's ``hamachi``."""

    live: Live
    key: str
    fake: Fake

    def run(self, printed: str) -> Any:
        """A line of the document; what it prints, read."""
        line = printed.replace(PRINTED_ROOT, self.live.root)
        return json.loads(self._output(["bash", "-c", line]))

    def curl(self, path: str, *options: str) -> tuple[int, Any]:
        """The status and the body of an address that the document has no line for."""
        shown = ("-H", f"Authorization: ApiKey {self.key}")
        url = self.live.root + path
        text = self._output(["curl", "-sS", "-w", "\n%{http_code}", *shown, *options, url])
        body, _, status = text.rpartition("\n")
        return int(status), json.loads(body) if body else None

    def _output(self, argv: list[str]) -> str:
        own = {**os.environ, "DATASTONE_API_KEY": self.key}
        done = subprocess.run(argv, env=own, capture_output=True, timeout=PATIENCE_S, check=True)
        return done.stdout.decode()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    fake = Fake.made(tmp_path_factory.mktemp("hamachi"))
    folder: Path = tmp_path_factory.mktemp("hub")
    with running(folder, PATH=f"{fake.folder}:{os.environ['PATH']}") as live:
        options = [part for scope in scopes.SCOPES for part in ("--scope", scope)]
        made = live.cli("key", "create", "reader", "--all-streams", "--all-devices", *options)
        yield Reader(live, made["key"], fake)


def test_the_lines_for_direct_access(reader: Reader) -> None:
    with beside() as loop:
        plc = OneAtATime()
        loop.run(plc.__aenter__())
        plc.words["D"][16000] = 12345
        device = {"name": "press", "kind": "melsec", "host": "127.0.0.1", "port": plc.port}
        text = json.dumps(device | {"enabled": False})
        status, made = reader.curl("/api/device/", *JSON, "-d", text)
        assert (status, made["id"]) == (201, 1)
        assert reader.run(READ_IO) == json.loads(READ_IO_ANSWER)
        assert reader.run(WRITE_IO) == json.loads(WRITE_IO_ANSWER)
        assert plc.words["D"][16000] == 42
        loop.run(plc.__aexit__(None, None, None))


def test_the_status_of_hamachi(reader: Reader) -> None:
    reader.fake.prints(step(STATUS))
    status, told = reader.curl("/api/hamachi/")
    assert (status, told["status"], told["client_id"]) == (200, "logged in", "230-321-123")


def test_the_networks_of_hamachi(reader: Reader) -> None:
    reader.fake.prints(step(LIST))
    status, told = reader.curl("/api/hamachi/network/")
    assert (status, len(told)) == (200, 3)
    assert reader.curl("/api/hamachi/network/398-581-422/") == (200, told[0])
    assert reader.curl("/api/hamachi/network/Bug%20Hunters/") == (200, told[2])


def test_joining_and_leaving_networks_of_hamachi(reader: Reader) -> None:
    reader.fake.prints(step("Doing .. ok\n"))
    body = '{"network": "398-582-210", "password": "p w"}'
    joined = {"network": "398-582-210", "joined": True, "pending": False}
    assert reader.curl("/api/hamachi/network/", *JSON, "-d", body) == (201, joined)
    leave, network = ("-X", "DELETE"), '{"network": "398-582-210"}'
    for path, options in (
        ("", (*leave, *JSON, "-d", network)),
        ("?network=398-582-210", leave),
        ("398-582-210/", leave),
    ):
        assert reader.curl(f"/api/hamachi/network/{path}", *options) == (204, None)
    assert reader.fake.asked == [
        ["do-join", "398-582-210", "p w"],
        *[["leave", "398-582-210"]] * 3,
    ]
    assert "p w" not in reader.live.log.read_text()


def test_twenty_at_once_have_their_turns_or_are_told_to_come_back(reader: Reader) -> None:
    reader.fake.prints(step(STATUS, sleep=0.1))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: reader.curl("/api/hamachi/"), range(AT_ONCE)))
    done = [told for status, told in answers if status == 200]
    late = {(status, told["error"]["code"]) for status, told in answers if status != 200}
    assert done
    assert late <= {(429, "too_many_requests"), (503, "hamachi_unavailable")}
    spans = sorted((call["from"], call["to"]) for call in reader.fake.calls)
    assert len(spans) == len(done)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_the_request_for_a_licence(reader: Reader) -> None:
    status, told = reader.curl("/api/license/activation-request/")
    again = reader.curl("/api/license/activation-request/")[1]
    assert (status, told["product"]) == (200, "hub")
    kept = ("product", "version", "instance", "machine", "public_key")
    assert {name: again[name] for name in kept} == {name: told[name] for name in kept}


def test_the_grant_as_printed(reader: Reader) -> None:
    status, told = reader.curl("/api/webrtc/terminal-grant/", *JSON, "-d", TERMINAL)
    wish = json.loads(TERMINAL)
    assert (status, {name: told[name] for name in wish}) == (201, wish)
    assert told.keys() - wish.keys() == {"token", "expires_at"}


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/", "/readyz/?checks=db,redis"])
def test_the_health_checks(reader: Reader, path: str) -> None:
    status, told = reader.curl(path)
    assert (status, told["status"]) == (200, "ok")
