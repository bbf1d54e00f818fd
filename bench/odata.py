"""Pages of observations over OData: against the store's raw batches, deep ones, and filters.

Usage: python -m bench.odata [--rows 5000000] [--rounds 5]
"""

from __future__ import annotations

from functools import partial

import click

from bench.load import connected
from bench.odata_pages import DOORS, PAGE, Pages, latency_ms, median_s
from bench.odata_store import OBSERVED, fill
from bench.ratios import Line, show
from bench.site import UNHINDERED, Site, opened
from hub.query.odata import DATASTREAM, Context, condition, parse_filter
from hub.services.odata.sets import OBSERVATIONS

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


def measure(site: Site, *, rows: int = 5_000_000, rounds: int = 5) -> list[Line]:
    """Pages of both doors beside raw batches and beside deep ones; filters; parsing."""
    key = fill(site, rows)
    doors = [Pages(site, key, rounds, door) for door in DOORS]
    lines = [line for pages in doors for line in pages.lines(rows - PAGE - 1)]
    return [*lines, *_Filters(doors[0]).lines(), _parsing(rounds)]


class _Filters:
    """Filters at the door of ``pages``."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._site = pages.site

    def lines(self) -> list[Line]:
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
        request = self._pages.request(path)
        with connected(self._site.hub, 1) as (connection,):
            times = [latency_ms(connection, request) for _ in range(self._pages.rounds)]
        return Line(
            what=path.replace(f"&$top={PAGE}", ""),
            unit="ms",
            hub=times,
            floor=[most or 1_000.0] * len(times),
            target=None if most is None else 1.0,
            at_most=True,
        )


def _parsing(rounds: int) -> Line:
    """The dearest of some documented filters, from text to a typed condition."""
    context = Context(OBSERVATIONS.entity, DATASTREAM)

    def read(text: str) -> None:
        tree = parse_filter(text, DATASTREAM)
        if tree is None or not condition(tree, context):
            raise SystemExit("the filter came to nothing")

    def dearest() -> float:
        return max(median_s(partial(read, text)) for text in DOCUMENTED)

    times = [1000 * dearest() for _ in range(rounds)]
    return Line(
        what="parsing a documented filter, the dearest",
        unit="ms",
        hub=times,
        floor=[PARSE_MS] * rounds,
        target=1.0,
        at_most=True,
    )


@click.command()
@click.option("--rows", default=5_000_000, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def main(rows: int, rounds: int) -> None:
    """Pages of observations over OData, and filters on millions of them."""
    with opened(**UNHINDERED) as site:
        show(measure(site, rows=rows, rounds=rounds))


if __name__ == "__main__":
    main()
