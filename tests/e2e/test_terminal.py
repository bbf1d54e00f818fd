"""A terminal from a real browser: through the hub to a host's agent, as the docs describe it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from tests.browser import PATIENCE_MS, chromium
from tests.live import PATIENCE_S, ROOT, Live

USER = ("--user", "nobody") if os.geteuid() == 0 else ()
STORY = """async (token) => {
    const connection = new RTCPeerConnection();
    const channel = connection.createDataChannel("terminal");
    channel.binaryType = "arraybuffer";
    let printed = "", said = [];
    channel.onmessage = ({ data }) => {
        if (typeof data === "string") said.push(JSON.parse(data));
        else printed += new TextDecoder().decode(data);
    };
    const until = async (holds) => {
        const end = Date.now() + 120000;
        while (!holds() && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
        if (!holds()) throw new Error(JSON.stringify({ printed, said }));
    };
    await connection.setLocalDescription();
    await until(() => connection.iceGatheringState === "complete");
    const { type, sdp } = connection.localDescription;
    const answered = await fetch("/api/webrtc/terminal-session/", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ token, offer: { type, sdp } }),
    });
    const told = await answered.json();
    if (!answered.ok) throw new Error(JSON.stringify(told));
    await connection.setRemoteDescription(told.answer);
    const tell = (message) => channel.send(JSON.stringify(message));
    const write = (text) => channel.send(new TextEncoder().encode(text));
    await until(() => said.length);
    tell({ shell: true });
    write("echo h''i\\n");
    await until(() => printed.includes("hi\\r\\n"));
    tell({ resize: { rows: 33, cols: 99 } });
    write("stty size\\n");
    await until(() => printed.includes("33 99"));
    write("exit\\n");
    await until(() => said.some((each) => each.end));
    connection.close();
    return said;
}"""


@pytest.fixture
def host(live: Live) -> Iterator[str]:
    """A host whose agent runs; its id."""
    words = [sys.executable, "-m", "hub.cli", "terminal-host", "--host-id", "browsed", "--json"]
    with subprocess.Popen(
        [*words, "--shell", "/bin/sh", *USER], env=live.env, cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout
            yield str(json.loads(process.stdout.readline())["host"])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=PATIENCE_S) == 0


def test_a_shell_in_a_browser(live: Live, host: str) -> None:
    scope = ("--scope", "webrtc-terminal:write", "--all-devices")
    key = live.cli("key", "create", "terminals", *scope)["key"]
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{live.root}/api/docs/")
        answer = requests.post(
            f"{live.root}/api/webrtc/terminal-grant/",
            json={"terminal_id": "t", "host_id": host, "interactive": True},
            headers={"X-API-Key": key},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        said = page.evaluate(STORY, answer.json()["token"])
    assert said == [
        {"hello": {"terminal_id": "t", "shell": True, "presets": []}},
        {"started": "shell"},
        {"exit": {"program": "shell", "code": 0}},
        {"end": {"reason": "exit"}},
    ]
