"""``hub terminal-host`` as a process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from hub.cli.root import hub
from hub.services import Services, scopes
from hub.settings import Settings
from tests.integration.terminal.world import lives
from tests.live import ROOT
from tests.plant import code, door, faults
from tests.terminals import Browser

USER = ("--user", "nobody") if os.geteuid() == 0 else ()
GIVEN = ("--preset", "hello=echo 'hello  you'", "--shell", "sh", *USER)


def command(settings: Settings, *arguments: str) -> tuple[list[str], dict[str, Any]]:
    """The words of a command, and what it is started with."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    env = own | {
        "HUB_MONGO_URI": str(settings.mongo_uri),
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": str(settings.secret),
    }
    return [sys.executable, "-m", "hub.cli", "terminal-host", *arguments], {"env": env, "cwd": ROOT}


@contextmanager
def hosted(settings: Settings, *arguments: str) -> Iterator[dict[str, Any]]:
    """An agent that runs; what it says of itself."""
    words, more = command(settings, *arguments, "--json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, **more) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0


def test_a_host(settings: Settings, services: Services, client: FlaskClient) -> None:
    plant = door(client, services, scopes.TERMINAL)
    wish = {"terminal_id": "t", "host_id": "edge-01", "interactive": False}

    async def story(token: str) -> None:
        browser = Browser()
        body = {"token": token, "offer": await browser.offer()}
        url = "/api/webrtc/terminal-session/"
        answer = await asyncio.to_thread(lambda: client.post(url, json=body))
        assert answer.status_code == 200, answer.json
        await browser.connect(answer.json["answer"])
        browser.tell(run="hello")
        await browser.prints("hello  you")
        await browser.connection.close()

    with hosted(settings, "--host-id", "edge-01", *GIVEN) as said:
        assert (said["host"], said["shell"], said["presets"]) == ("edge-01", True, ["hello"])
        answer = plant.post("webrtc/terminal-grant/", **wish, allowed_presets=["other"])
        assert list(faults(answer)) == ["allowed_presets"]
        answer = plant.post("webrtc/terminal-grant/", **wish, allowed_presets=["hello"])
        asyncio.run(story(answer.json["token"]))
        words, more = command(settings, "--host-id", "edge-01", *GIVEN)
        second = subprocess.run(words, capture_output=True, timeout=60, check=False, **more)
        assert (second.returncode, b"another agent" in second.stderr) == (1, True)
    token = plant.post("webrtc/terminal-grant/", **wish, allowed_presets=["x"]).json["token"]
    body = {"token": token, "offer": {"type": "offer", "sdp": "v=0"}}
    assert code(client.post("/api/webrtc/terminal-session/", json=body)) == (404, "not_found")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--host-id", "a b", *GIVEN), "--host-id is 1 to 64"),
        (("--host-id", "a", *USER), "nothing to run"),
        (("--host-id", "a", "--preset", "x"), "NAME=COMMAND"),
        (("--host-id", "a", "--preset", "x=", *USER), "no program"),
        (("--host-id", "a", "--preset", "x=no-such-program"), "no program"),
        (("--host-id", "a", "--preset", "x='echo"), "No closing quotation"),
        (("--host-id", "a", "--preset", "x=echo", "--preset", "x=echo"), "there are two"),
        (("--host-id", "a", "--shell", "sh", "--user", "root"), "would run as root"),
        (("--host-id", "a", *GIVEN, "--idle", "0"), "--idle is longer than nothing"),
    ],
)
def test_what_is_no_host(arguments: tuple[str, ...], complaint: str) -> None:
    done = CliRunner().invoke(hub, ["terminal-host", *arguments])
    assert done.exit_code in (1, 2)
    assert complaint in done.output


@pytest.mark.parametrize("text", ["x", "{}", "[5]", '[{"urls": "http:a"}]', '[{"urls": "stun:"}]'])
def test_what_are_no_servers(tmp_path: Path, text: str) -> None:
    file = tmp_path / "servers.json"
    file.write_text(text)
    arguments = ["--host-id", "a", *GIVEN, "--ice-servers", str(file)]
    done = CliRunner().invoke(hub, ["terminal-host", *arguments])
    assert (done.exit_code, "--ice-servers" in done.output) == (2, True)


def test_with_an_agent_that_is_killed_its_programs_end(
    settings: Settings, services: Services, client: FlaskClient
) -> None:
    plant = door(client, services, scopes.TERMINAL)
    wish = {"terminal_id": "t", "host_id": "edge-02", "interactive": True, "allowed_presets": []}

    async def story(token: str, pid: int) -> None:
        browser = Browser()
        body = {"token": token, "offer": await browser.offer()}
        url = "/api/webrtc/terminal-session/"
        answer = await asyncio.to_thread(lambda: client.post(url, json=body))
        assert answer.status_code == 200, answer.json
        await browser.connect(answer.json["answer"])
        browser.tell(shell=True)
        browser.type("setsid sh -c 'trap \"\" HUP; echo pid-$$-; while :; do sleep 600; done' &\n")
        await browser.until(lambda: re.search(rb"pid-\d+-", browser.printed) is not None, "it runs")
        found = re.search(rb"pid-(\d+)-", browser.printed)
        assert found
        assert lives(int(found[1]))
        os.kill(pid, signal.SIGKILL)
        await browser.until(lambda: not lives(int(found[1])), "it ends")
        await browser.connection.close()

    words, more = command(settings, "--host-id", "edge-02", *GIVEN, "--json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, **more) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            answer = plant.post("webrtc/terminal-grant/", **wish)
            asyncio.run(story(answer.json["token"], process.pid))
        finally:
            process.kill()
