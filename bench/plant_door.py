"""Data streams of the running hub by way of the plant API, and values put straight into MongoDB."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.load import request_bytes
from bench.site import Dataset, Site
from bench.streams_store import START_S, each_second, readings
from hub.series.widths import first_width

BRIEF = {"Prefer": "return=minimal"}
WIDTH_MS = first_width(1.0, "seconds")
EACH = WIDTH_MS // 1000
"""Values of a full document, one a second."""
START_MS = START_S * 1000 - START_S * 1000 % WIDTH_MS
SCOPES = ("data:write", "value:write", "statistic:write")
TOGETHER = 500
"""Documents that are inserted at once."""


@dataclass(frozen=True, slots=True)
class Door:
    """The plant API, with a key that opens all data streams."""

    site: Site
    headers: dict[str, str] = field(repr=False)

    def make(self) -> int:
        """A new data stream of one value a second; its id."""
        asked = urllib.request.Request(
            f"{self.site.live.root}/api/data/",
            orjson.dumps({"name": "bench", "poll_interval": 1}),
            self.headers | {"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(asked, timeout=60) as response:
            return int(orjson.loads(response.read())["id"])

    def post(self, url: str, body: bytes, **more: str) -> bytes:
        return request_bytes("POST", f"/api/{url}", body, self.headers | more)

    def post_many(self, body: bytes) -> bytes:
        """A batch, as a gateway sends it: it hears of refused values only."""
        return self.post("value/", body, **BRIEF)

    def get(self, url: str, **more: str) -> bytes:
        return request_bytes("GET", f"/api/{url}", headers=self.headers | more)


def door(site: Site) -> Door:
    """The door, with a new key."""
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    made = site.live.cli("key", "create", "bench", "--all-streams", "--all-devices", *scopes)
    return Door(site, Dataset("", made["key"]).headers)


def fill(site: Site, data: int, first: int, after: int) -> None:
    """Give a data stream the values of these documents, counted from the first one there may be.

    They are as the hub stores them, once its worker has seen them.
    """
    values = site.db["values"]
    held: list[dict[str, Any]] = []
    for document in _documents(data, first, after):
        held.append(document)
        if len(held) == TOGETHER:
            values.insert_many(held, ordered=False)
            held = []
    if held:
        values.insert_many(held, ordered=False)


def _documents(data: int, first: int, after: int) -> Iterator[dict[str, Any]]:
    names = [str(offset) for offset in range(0, WIDTH_MS, 1000)]
    own = [dict(zip(names, readings(each_second(EACH), seed), strict=True)) for seed in range(16)]
    for number in range(first, after):
        start = START_MS + number * WIDTH_MS
        place = {"s": data, "w": WIDTH_MS, "h": start}
        yield {"_id": place, "v": own[number % 16], "a": 0, "z": WIDTH_MS - 1000, "r": 1}
