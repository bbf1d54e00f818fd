"""All benchmarks in one run and one table: ``python -m bench``."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from bench import (
    batch,
    devices,
    odata,
    page,
    plant,
    put,
    stream,
    streams_append,
    streams_read,
    streams_storage,
    streams_upkeep,
)
from bench.ratios import show
from bench.site import UNHINDERED, opened


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: to see that it runs.")
def main(quick: bool) -> None:
    """Measure the hub against its floors and print the ratios; takes about an hour."""
    few = partial(_if, quick)
    lines = []
    with opened(**UNHINDERED) as site:
        click.echo("single PUTs ...", err=True)
        lines += put.measure(site, **few(rounds=2, seconds=1.0))
        click.echo("batches ...", err=True)
        lines += batch.measure(site, **few(rounds=1, seconds=1.0))
        click.echo("streams ...", err=True)
        lines += stream.measure(site, **few(rounds=1, rows=50_000))
        click.echo("pages ...", err=True)
        lines += page.measure(site, **few(depth=50_000, requests=50))
        click.echo("datapoints ...", err=True)
        lines += streams_append.measure(site, **few(rounds=1, seconds=0.5))
        click.echo("levels ...", err=True)
        lines += streams_upkeep.measure(site, **few(rounds=1, points=20_000))
        lines += streams_storage.measure(site, **few(points=20_000))
        click.echo("reads ...", err=True)
        lines += streams_read.measure(site, **few(days=7, rounds=1, requests=3))
        click.echo("values ...", err=True)
        lines += plant.measure(site, **few(rounds=1, seconds=0.5, values=60_000, held=300_000))
        click.echo("observations ...", err=True)
        lines += odata.measure(site, **few(rows=24_000, rounds=1))
        click.echo("devices ...", err=True)
        lines += devices.measure(site, **few(seconds=3.0, devices=5, tags=10))
    show(lines)


def _if(quick: bool, **fewer: Any) -> dict[str, Any]:
    return fewer if quick else {}


if __name__ == "__main__":
    main()
