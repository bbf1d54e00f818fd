"""The interface's own curl lines for values and statistics, run as printed but for the base URL
and the number of the data stream."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live import Live

PRINTED_ROOT, PRINTED_DATA = "http://datastone.local:8000", "/data/10/"
SCOPES = ("data:write", "value:write", "statistic:write", "system:write")

MAKE = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"name":"Motor RPM","path":"D16000","type":"int32"}' \\
"http://datastone.local:8000/api/data/"
"""
POST_ONE = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{"timestamp":"2026-04-28T12:00:00Z","value":1200.5}' \\
"http://datastone.local:8000/api/data/10/value/"
"""
READ_RECENT = """curl -H "Authorization: ApiKey $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/data/10/value/?limit=2"
"""
STEPS = """curl -H "Authorization: ApiKey $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/data/10/statistic/?from=2026-04-28T00:00:00Z&to=2026-04-29T00:00:00Z&step=PT1H"
"""
RETENTION = """curl -X POST \\
-H "Authorization: ApiKey $DATASTONE_API_KEY" \\
-H "Content-Type: application/json" \\
-d '{
"hypertable": "core_value",
"drop_after_days": 30
}' \\
"http://datastone.local:8000/api/data/10/policy/retention/"
"""
READ_ACROSS = """curl -H "X-API-Key: $DATASTONE_API_KEY" \\
"http://datastone.local:8000/api/value/?data=10&from=1777377600&to=2026-04-28T12:00:00Z&limit=5"
"""


@dataclass(frozen=True)
class Reader:
    """Somebody with the document, a shell and a key; ``data`` is their data stream."""

    live: Live
    key: str
    data: int = 10

    def run(self, printed: str) -> Any:
        """A line of the document; what it prints, read."""
        line = printed.replace(PRINTED_ROOT, self.live.root)
        line = line.replace(PRINTED_DATA, f"/data/{self.data}/")
        line = line.replace("?data=10&", f"?data={self.data}&")
        done = subprocess.run(
            ["bash", "-c", line], env={**os.environ, "DATASTONE_API_KEY": self.key},
            capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reader(live: Live) -> Reader:
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    made = live.cli("key", "create", "reader", "--all-streams", "--all-devices", *scopes)
    first = Reader(live, made["key"])
    return Reader(live, made["key"], first.run(MAKE)["id"])


def test_the_lines_of_the_interface(reader: Reader) -> None:
    row = {"data": reader.data, "timestamp": "2026-04-28T12:00:00Z", "value": 1200.5}
    assert reader.run(POST_ONE) == row
    assert reader.run(READ_RECENT) == [row]
    assert reader.run(READ_ACROSS) == [{"id": f"{reader.data}-1777377600000", **row}]
    assert reader.run(STEPS) == [
        {
            "data": reader.data,
            "timestamp": "2026-04-28T12:00:00Z",
            "mean": 1200.5,
            "min": 1200.5,
            "max": 1200.5,
        }
    ]
    limit = {"hypertable": "core_value", "drop_after_seconds": 30 * 86_400}
    assert reader.run(RETENTION) == {"data": reader.data, **limit}
