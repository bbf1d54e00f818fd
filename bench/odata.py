"""Pages of observations over OData: against the store's raw batches, deep ones, and filters.

Usage: python -m bench.odata [--rows 5000000] [--rounds 5]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any
from urllib.parse import quote

import click
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from bench.load import Connection, connected, drive, request_bytes
from bench.odata_store import OBSERVED, fill
from bench.ratios import Line, in_turns, show
from bench.site import Site, opened
from hub.query.odata import DATASTREAM, Context, condition, parse_filter
from hub.services.odata.sets import OBSERVATIONS

ROOT = "/v1/odata/v4"
PAGE = 10_000
SELECT = "Id,CharacteristicName,ResultValue,ResultUnit"
RAW_TARGET, DEEP_TARGET = 0.50, 1.5
LOCATIONS_MS = 100.0
PARSE_MS = 0.2
DOCUMENTED = (
    "CharacteristicName eq 'Dissolved oxygen saturation'",
    (
        "DOI in ('10.25976/xxxx-xx00', '10.25976/xxxx-xx01', '10.25976/xxxx-xx02')"
        " and CharacteristicName in ('Temperature, water', 'pH')"
    ),
    (
        "LongitudeNormalized gt '-102.01' and LongitudeNormalized lt '-88.99'"
        " and LatitudeNormalized gt '49' and LatitudeNormalized lt '60'"
    ),
)
REPEATS = 20
TIMES = 3


def measure(site: Site, *, rows: int = 5_000_000, rounds: int = 5) -> list[Line]:
    """A page beside raw batches and beside a deep one; filters; parsing."""
    bench = _Bench(site, fill(site, rows), rounds)
    return [
        bench.raw(),
        bench.deep(rows - PAGE - 1),
        *bench.filters(),
        _parsing(rounds),
    ]


class _Bench:
    def __init__(self, site: Site, key: str, rounds: int) -> None:
        self._site = site
        self._key = key
        self._rounds = rounds

    def raw(self) -> Line:
        """Rows a second: a page through the hub, and the same rows as the store's own bytes."""
        request = self._request(f"Observations?$select={SELECT}&$top={PAGE}")
        with connected(self._site.hub, 1) as (connection,):
            self._ms(connection, request)
            pairs = in_turns(
                self._rounds,
                lambda: PAGE / self._raw_s(),
                lambda: 1000 * PAGE / self._ms(connection, request),
            )
        return Line(
            what=f"page of {PAGE:,} observations, four fields",
            unit="rows/s",
            hub=[h for _, h in pairs],
            floor=[f for f, _ in pairs],
            target=RAW_TARGET,
        )

    def _raw_s(self) -> float:
        fields = {name: 1 for name in SELECT.split(",") if name != "Id"}
        stages: list[dict[str, Any]] = [
            {"$match": {"_observation.Id": {"$gt": 0}}},
            {"$sort": {"_observation.Id": 1}},
            {"$limit": PAGE},
            {"$project": {"_id": 0, "_observation.Id": 1, **fields}},
        ]
        undecoded = CodecOptions(document_class=RawBSONDocument)
        command = {"aggregate": "documents", "pipeline": stages, "cursor": {"batchSize": PAGE + 1}}

        def once() -> None:
            reply = self._site.db.command(command, codec_options=undecoded)
            if len(reply.raw) < PAGE:
                raise SystemExit("the floor read too little")

        return _median_s(once)

    def deep(self, depth: int) -> Line:
        """The last page beside the first."""
        path = f"Observations?$select={SELECT}&$top={PAGE}"
        first, last = self._request(path), self._request(f"{path}&$skiptoken=Id:{depth}")
        with connected(self._site.hub, 1) as (connection,):
            pairs = in_turns(
                self._rounds,
                lambda: self._ms(connection, first),
                lambda: self._ms(connection, last),
            )
        return Line(
            what=f"that page at depth {depth:,} : at 0",
            unit="ms",
            hub=[h for _, h in pairs],
            floor=[f for f, _ in pairs],
            target=DEEP_TARGET,
            at_most=True,
        )

    def filters(self) -> list[Line]:
        """Latencies of filters, as times; those of locations have a bound."""
        some = self._site.db["documents"].find_one(OBSERVED) or {}
        where, name = some["_observation"]["LocationId"], some["CharacteristicName"]
        year = some["_observation"]["ActivityStartYear"]
        doi = (self._site.db["datasets"].find_one({"_id": some["_datasetid"]}) or {})["catalogue"]
        of_name = f"CharacteristicName eq '{name}'"
        asked = {
            f"Locations?$select=Id&$top={PAGE}&$filter={of_name}": LOCATIONS_MS,
            f"Locations?$select=Id&$top={PAGE}&$filter={of_name} and ActivityStartYear eq {year}":
                LOCATIONS_MS,
            f"Locations?$select=Id&$top={PAGE}&$filter=ActivityMediaName eq 'Surface Water'":
                LOCATIONS_MS,
            f"Observations?$top=100&$filter=LocationId eq {where}": None,
            f"Observations?$top=100&$filter=DOI eq '{doi['DOI']}'": None,
            f"Observations?$top=100&$filter={of_name} and RegionId eq 'admin.4.ca.ab'": None,
            "Observations?$top=100&$filter=RegionId eq 'hub.atlantic'": None,
            f"Observations?$count=true&$filter=LocationId eq {where}": None,
            f"Observations?$count=true&$filter={of_name}": None,
            "Observations?$count=true": None,
        }  # fmt: skip
        return [self._filter(path, most) for path, most in asked.items()]

    def _filter(self, path: str, most: float | None) -> Line:
        request = self._request(path)
        with connected(self._site.hub, 1) as (connection,):
            times = [self._ms(connection, request) for _ in range(self._rounds)]
        return Line(
            what=path.replace(f"&$top={PAGE}", ""),
            unit="ms",
            hub=times,
            floor=[most or 1_000.0] * len(times),
            target=None if most is None else 1.0,
            at_most=True,
        )

    def _request(self, path: str) -> bytes:
        target = quote(f"{ROOT}/{path}", safe="/?&=$,:")
        return request_bytes("GET", target, headers={"x-api-key": self._key})

    def _ms(self, connection: Connection, request: bytes) -> float:
        taken = []
        for _ in range(TIMES):
            measured = drive([connection], [request], 0, wanted=200)
            if measured.failures:
                raise SystemExit(f"a page failed: {connection.status}")
            taken += measured.latencies
        return 1000 * median(taken)


def _parsing(rounds: int) -> Line:
    """The dearest of some documented filters, from text to a typed condition."""
    context = Context(OBSERVATIONS.entity, DATASTREAM)

    def read(text: str) -> None:
        tree = parse_filter(text, DATASTREAM)
        if tree is None or not condition(tree, context):
            raise SystemExit("the filter came to nothing")

    def dearest() -> float:
        return max(_median_s(partial(read, text)) for text in DOCUMENTED)

    times = [1000 * dearest() for _ in range(rounds)]
    return Line(
        what="parsing a documented filter, the dearest",
        unit="ms",
        hub=times,
        floor=[PARSE_MS] * rounds,
        target=1.0,
        at_most=True,
    )


def _median_s(work: Callable[[], None]) -> float:
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken)


@click.command()
@click.option("--rows", default=5_000_000, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(rows: int, rounds: int) -> None:
    """Pages of observations over OData, and filters on millions of them."""
    with opened(HUB_ODATA_RATE_PER_S="1000", HUB_ODATA_BURST="100000") as site:
        show(measure(site, rows=rows, rounds=rounds))


if __name__ == "__main__":
    main()
