"""All benchmarks in one run and one table: ``python -m bench``."""

from __future__ import annotations

import click

from bench import batch, page, put, stream
from bench.ratios import show
from bench.site import opened


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: to see that it runs.")
def main(quick: bool) -> None:
    """Measure the hub against its floors and print the ratios; takes about five minutes."""
    lines = []
    with opened() as site:
        click.echo("single PUTs ...", err=True)
        lines += put.measure(site, **({"rounds": 2, "seconds": 1.0} if quick else {}))
        click.echo("batches ...", err=True)
        lines += batch.measure(site, **({"rounds": 1, "seconds": 1.0} if quick else {}))
        click.echo("streams ...", err=True)
        lines += stream.measure(site, **({"rounds": 1, "rows": 50_000} if quick else {}))
        click.echo("pages ...", err=True)
        lines += page.measure(site, **({"depth": 50_000, "requests": 50} if quick else {}))
    show(lines)


if __name__ == "__main__":
    main()
