"""The state of a device that is polled, in the hub as users run it."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime
from typing import Any

from hub.devices.simulators.modbus import ModbusSimulator
from tests.integration.devices.machines import beside
from tests.live import PATIENCE_S, Live, free_port, wait_for
from tests.plant import fresh


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_device_is_up_then_down_then_disabled(live: Live) -> None:
    scopes = ("--scope", "device:write", "--scope", "data:write")
    key = live.cli("key", "create", "states", *scopes, "--all-devices", "--all-streams")["key"]
    port = free_port()

    def ask(method: str, where: str, /, **body: Any) -> Any:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        text = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{live.root}/api/{where}", text, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    made = {"kind": "modbus", "host": "127.0.0.1", "port": port, "timeout": 30}
    url = f"device/{ask('POST', 'device/', name=fresh('device'), **made)['id']}/"
    number = int(url.split("/")[1])
    ask("POST", "data/", name=fresh("data"), device=number, path="hr:0")

    def state() -> Any:
        return ask("GET", url)["state"]

    def becomes(status: str) -> Any:
        return wait_for(state, lambda told: told["status"] == status, f"the device is {status}")

    down = becomes("down")
    assert down["last_error"]["code"] == "device_unreachable"
    assert down["last_good"] is None
    with beside() as loop:
        plc = ModbusSimulator(port=port)
        loop.run(plc.__aenter__())
        up = becomes("up")
        assert at(up["last_good"]) >= at(up["since"]) > at(down["since"])
        assert up["worker"] == down["worker"]
        loop.run(plc.__aexit__(None, None, None))
    assert at(becomes("down")["last_good"]) >= at(up["last_good"])
    ask("PATCH", url, enabled=False)
    assert state()["status"] == "disabled"
