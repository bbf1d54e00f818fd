"""Each line of the interface document's tables, in its order, answers as a success.

Those that need more than the hub (a controller, a page to fetch, a model) have tests of their own.
"""

from __future__ import annotations

from typing import Any

import requests

from hub.services import scopes
from tests.live import PATIENCE_S, Live

T = "2026-04-28T12:00:00Z"
RANGE = "from=2026-04-28T00:00:00Z&to=2026-04-29T00:00:00Z"
DEVICE = {"name": "press", "kind": "melsec", "host": "192.0.2.7", "port": 5007, "enabled": False}
VALUE = {"timestamp": T, "value": 1200.5}
STATISTIC = {"timestamp": T, "mean": 1.0, "min": 0.5, "max": 1.5}
EVENT = {"kind": "price", "message": "seen"}
KEEP = {"hypertable": "core_value", "drop_after_days": 30_000}
LINES: tuple[tuple[str, str, Any, int], ...] = (
    ("POST", "/api/device/", DEVICE, 201),
    ("GET", "/api/device/", None, 200),
    ("GET", "/api/device/{device}/", None, 200),
    ("PATCH", "/api/device/{device}/", {"name": "press 2"}, 200),
    ("PUT", "/api/device/{device}/", DEVICE, 200),
    ("POST", "/api/group/", {"name": "hall"}, 201),
    ("GET", "/api/group/", None, 200),
    ("GET", "/api/group/{group}/", None, 200),
    ("PATCH", "/api/group/{group}/", {"name": "hall 2"}, 200),
    ("PUT", "/api/group/{group}/", {"name": "hall"}, 200),
    ("POST", "/api/data/", {"name": "Motor RPM", "path": "D16000", "type": "int32"}, 201),
    ("GET", "/api/data/", None, 200),
    ("GET", "/api/data/{data}/", None, 200),
    ("PATCH", "/api/data/{data}/", {"name": "Motor"}, 200),
    ("PUT", "/api/data/{data}/", {"name": "Motor RPM"}, 200),
    ("POST", "/api/data/{data}/value/", VALUE, 201),
    ("POST", "/api/data/{data}/value/", VALUE, 201),
    ("GET", "/api/data/{data}/value/", None, 200),
    ("POST", "/api/data/{data}/statistic/", STATISTIC, 201),
    ("POST", "/api/data/{data}/statistic/", STATISTIC, 201),
    ("GET", "/api/data/{data}/statistic/", None, 200),
    ("GET", "/api/data/{data}/policy/retention/", None, 200),
    ("POST", "/api/data/{data}/policy/retention/", KEEP, 200),
    ("PUT", "/api/data/{data}/policy/retention/", KEEP, 200),
    ("GET", "/api/value/?data={data}&" + RANGE + "&limit=5", None, 200),
    ("GET", "/api/value/{value}/", None, 200),
    ("GET", "/api/statistic/?data={data}&" + RANGE + "&limit=5&fields=all", None, 200),
    ("GET", "/api/statistic/{statistic}/", None, 200),
    ("POST", "/api/event-log/", EVENT, 201),
    ("GET", "/api/event-log/?device={device}&kind=price&" + RANGE + "&limit=5", None, 200),
    ("GET", "/api/event-log/{event-log}/", None, 200),
    ("PATCH", "/api/event-log/{event-log}/", {"message": "gone"}, 200),
    ("PUT", "/api/event-log/{event-log}/", EVENT, 200),
    ("GET", "/api/license/activation-request/", None, 200),
    ("GET", "/api/retention/", None, 200),
    ("POST", "/api/retention/", KEEP, 200),
    ("POST", "/api/retention/", KEEP | {"drop_after_days": 0}, 200),
    ("GET", "/healthz/", None, 200),
    ("GET", "/readyz/", None, 200),
    ("GET", "/readyz/?checks=db,redis", None, 200),
    ("DELETE", "/api/event-log/{event-log}/", None, 204),
    ("DELETE", "/api/data/{data}/", None, 204),
    ("DELETE", "/api/group/{group}/", None, 204),
    ("DELETE", "/api/device/{device}/", None, 204),
)


def test_every_line_of_its_tables(live: Live) -> None:
    options = [part for scope in scopes.SCOPES for part in ("--scope", scope)]
    made = live.cli("key", "create", "reader", "--all-streams", "--all-devices", *options)
    ids: dict[str, Any] = {}
    with requests.Session() as session:
        session.headers["Authorization"] = f"ApiKey {made['key']}"
        for method, path, body, status in LINES:
            url = live.root + path.format_map(ids)
            answer = session.request(method, url, json=body, timeout=PATIENCE_S)
            assert answer.status_code == status, f"{method} {url}: {answer.text}"
            told = answer.json() if answer.content else {}
            mine = told[0] if "?data=" in path else told
            if "id" in mine:
                ids[path.split("/")[2]] = mine["id"]
