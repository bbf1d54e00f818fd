"""A page of 100 at depth 0 and at depth 400,000, reached through ``after`` tokens.

Usage: python -m bench.page [--depth 400000] [--requests 300]
"""

from __future__ import annotations

import re
import urllib.request
from statistics import median

import click

from bench.load import Connection, connected, drive
from bench.ratios import Line, show
from bench.site import Dataset, Site, opened

PAGE = 100
STEP = 10_000
ROUNDS = 10
TARGET = 1.5
NEXT = re.compile(r"[?&]after=([^&>]+)")


def measure(site: Site, *, depth: int = 400_000, requests: int = 300) -> list[Line]:
    """Latencies of the deep page (shown as the hub) and of the first one (shown as the floor)."""
    dataset = site.fill(depth + STEP)
    first = dataset.get(f"limit={PAGE}")
    deep = dataset.get(f"limit={PAGE}&after={_token_at(site, dataset, depth)}")
    with connected(site.hub, 1) as (connection,):
        for request in (first, deep):
            _latency_ms(connection, request, 20)
        times = [
            (_latency_ms(connection, first, count), _latency_ms(connection, deep, count))
            for count in [max(1, requests // ROUNDS)] * ROUNDS
        ]
    return [
        Line(
            what=f"page of {PAGE} at depth {depth:,} : at 0",
            unit="ms",
            hub=[deep for _, deep in times],
            floor=[shallow for shallow, _ in times],
            target=TARGET,
            at_most=True,
        )
    ]


def _latency_ms(connection: Connection, request: bytes, count: int) -> float:
    taken = []
    for _ in range(count):
        measured = drive([connection], [request], 0, wanted=200)
        if measured.failures:
            raise SystemExit(f"a page failed: {connection.status}")
        taken += measured.latencies
    return 1000 * median(taken)


def _token_at(site: Site, dataset: Dataset, depth: int) -> str:
    """The token of the page that begins after ``depth`` rows, by way of large pages."""
    token = ""
    for _ in range(depth // STEP):
        url = f"{site.live.root}{dataset.path}?limit={STEP}" + (f"&after={token}" if token else "")
        asked = urllib.request.Request(url, headers=dataset.headers)
        with urllib.request.urlopen(asked, timeout=60) as response:
            found = NEXT.search(response.headers["Link"] or "")
            response.read()
        if not found:
            raise SystemExit("the hub gave no token for the next page")
        token = found[1]
    return token


@click.command()
@click.option("--depth", default=400_000, show_default=True)
@click.option("--requests", default=300, show_default=True, help="Of each page.")
def main(depth: int, requests: int) -> None:
    """The latency of a deep page beside that of the first."""
    with opened() as site:
        show(measure(site, depth=depth, requests=requests))


if __name__ == "__main__":
    main()
