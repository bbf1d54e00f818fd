"""Pages of observations through both OData roots: beside raw batches, and deep beside shallow."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from bench.load import Connection, connected, drive, request_bytes
from bench.ratios import Line, in_turns
from bench.site import Site
from hub.services.odata.sets import OBSERVATIONS

PAGE = 10_000
FOUR = ("Id", "CharacteristicName", "ResultValue", "ResultUnit")
RAW_TARGET, DEEP_TARGET = 0.50, 1.5
REPEATS = 20
TIMES = 3


@dataclass(frozen=True, slots=True)
class Door:
    """One service root. ``starting`` is the address of a page behind so many rows."""

    name: str
    root: str
    starting: str


DATASTREAM = Door("DataStream", "/v1/odata/v4", "$skiptoken=Id:{depth}")
STRICT = Door("strict", "/odata/v4", "$skip={depth}")
DOORS = (DATASTREAM, STRICT)


@dataclass(frozen=True, slots=True)
class Pages:
    """Measures pages of one door."""

    site: Site
    key: str
    rounds: int
    door: Door

    def lines(self, depth: int) -> list[Line]:
        """A page of few fields and one of all, and the former at a depth."""
        return [self._raw(FOUR, "four fields"), self._raw((), "all fields"), self._deep(depth)]

    def _raw(self, names: Sequence[str], told: str) -> Line:
        """Rows a second: a page through the hub, and the same rows as the store's own bytes."""
        request = self.request(self._path(names))
        with connected(self.site.hub, 1) as (connection,):
            latency_ms(connection, request)
            pairs = in_turns(
                self.rounds,
                lambda: PAGE / median_s(lambda: read_raw(self.site, names)),
                lambda: 1000 * PAGE / latency_ms(connection, request),
            )
        return Line(
            what=f"{self.door.name}: page of {PAGE:,} observations, {told}",
            unit="rows/s",
            hub=[h for _, h in pairs],
            floor=[f for f, _ in pairs],
            target=RAW_TARGET if names else None,
        )

    def _deep(self, depth: int) -> Line:
        """A deep page beside the first."""
        first = self.request(self._path(FOUR))
        deep = self._behind(depth)
        with connected(self.site.hub, 1) as (connection,):
            pairs = in_turns(
                self.rounds,
                lambda: latency_ms(connection, first),
                lambda: latency_ms(connection, deep),
            )
        return Line(
            what=f"{self.door.name}: that page of four at depth {depth:,} : at 0",
            unit="ms",
            hub=[h for _, h in pairs],
            floor=[f for f, _ in pairs],
            target=DEEP_TARGET,
            at_most=True,
        )

    def request(self, path: str) -> bytes:
        """The request of a path below the root."""
        target = f"{self.door.root}/{quote(path, safe='/?&=$,:')}"
        return request_bytes("GET", target, headers={"x-api-key": self.key})

    def _path(self, names: Sequence[str]) -> str:
        select = f"$select={','.join(names)}&" if names else ""
        return f"Observations?{select}$top={PAGE}"

    def _behind(self, depth: int) -> bytes:
        """The request of the page at a depth, as a link names it that was followed there."""
        start = self.door.starting.format(depth=depth - PAGE)
        path = f"{self.door.root}/Observations?$select={','.join(FOUR)}&{start}"
        if self.door is DATASTREAM:
            path += f"&$top={PAGE}"
        asked = urllib.request.Request(
            f"{self.site.live.root}{path}", headers={"x-api-key": self.key}
        )
        with urllib.request.urlopen(asked, timeout=60) as response:
            link = urlsplit(orjson.loads(response.read())["@odata.nextLink"])
        return request_bytes("GET", f"{link.path}?{link.query}", headers={"x-api-key": self.key})


def read_raw(site: Site, names: Sequence[str]) -> None:
    """The rows of a page, undecoded: these fields, or all that an observation gives."""
    fields: dict[str, int] = {}
    for name in names or OBSERVATIONS.selectable:
        item = OBSERVATIONS.entity.find((name,))
        assert item is not None, name
        fields[item.path if name != "DOI" else OBSERVATIONS.owner] = 1
    stages: list[dict[str, Any]] = [
        {"$match": {"_observation.Id": {"$gt": 0}}},
        {"$sort": {"_observation.Id": 1}},
        {"$limit": PAGE},
        {"$project": {"_id": 0, **fields}},
    ]
    undecoded = CodecOptions(document_class=RawBSONDocument)
    command = {"aggregate": "documents", "pipeline": stages, "cursor": {"batchSize": PAGE + 1}}
    reply = site.db.command(command, codec_options=undecoded)
    if len(reply.raw) < PAGE:
        raise SystemExit("the floor read too little")


def latency_ms(connection: Connection, request: bytes) -> float:
    """The median of some answers."""
    taken = []
    for _ in range(TIMES):
        measured = drive([connection], [request], 0, wanted=200)
        if measured.failures:
            raise SystemExit(f"a page failed: {connection.status}")
        taken += measured.latencies
    return 1000 * median(taken)


def median_s(work: Callable[[], None]) -> float:
    """The median of some runs."""
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken)
