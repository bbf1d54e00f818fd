"""``hub demo``: made-up data of a kind, to try the hub with."""

from __future__ import annotations

import sys
from time import monotonic

import click

from hub.cli.sample.entries import DATASETS_MAX, SEED_MAX, entry
from hub.cli.sample.making import Filled, begun, fill, with_regions
from hub.cli.session import json_option, put_out, session, table
from hub.services import Services

ROWS_MAX = 100_000_000


@click.group()
def demo() -> None:
    """Made-up data, to try the hub with."""


@demo.command()
@click.option(
    "--rows",
    default=200_000,
    show_default=True,
    type=click.IntRange(1, ROWS_MAX),
    help="How many in all datasets together.",
)
@click.option(
    "--datasets",
    default=5,
    show_default=True,
    type=click.IntRange(1, DATASETS_MAX),
    help="In how many datasets.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, SEED_MAX),
    help="Another number makes other datasets.",
)
@click.option("--publish/--no-publish", default=True, help="Put them into the catalogue, or not.")
@json_option
def observations(*, rows: int, datasets: int, seed: int, publish: bool, as_json: bool) -> None:
    """Make datasets of observations of water, with regions.

    The same seed makes the same rows. What is there already stays, and is added to where more
    is asked for.
    """
    with session() as services:
        loaded = with_regions(services)
        share, rest = divmod(rows, datasets)
        wanted = [share + (number < rest) for number in range(datasets)]
        all_filled = [
            begun(services, entry(seed, number), seed, count) for number, count in enumerate(wanted)
        ]
        took_s = _filled(services, all_filled, seed, publish=publish)
    _tell(all_filled, loaded, took_s, as_json=as_json)


def _filled(services: Services, all_filled: list[Filled], seed: int, *, publish: bool) -> float:
    """Fill and publish the datasets, with a bar; the seconds that filling took."""
    began = monotonic()
    length = sum(filled.missing for filled in all_filled)
    with click.progressbar(length=length, label="observations", file=sys.stderr) as bar:
        for filled in all_filled:
            for step in fill(filled, seed):
                bar.update(step)
    took_s = monotonic() - began
    if publish:
        for filled in all_filled:
            services.catalogue.publish(filled.dataset.uuid)
    return took_s


def _tell(all_filled: list[Filled], loaded: int, took_s: float, *, as_json: bool) -> None:
    rows = [
        {
            "dataset": filled.dataset.uuid,
            "DOI": filled.entry.doi,
            "name": filled.entry.name,
            "rows": filled.taking.at.row,
            "added": filled.taking.at.row - filled.held,
        }
        for filled in all_filled
    ]
    added = sum(filled.taking.at.row - filled.held for filled in all_filled)
    facts = {"datasets": rows, "added": added, "regions": loaded, "seconds": round(took_s, 3)}
    lines = table(("DATASET", "DOI", "NAME", "ROWS", "ADDED"), [list(row.values()) for row in rows])
    put_out(facts, as_json=as_json, text=f"{lines}\n{_sentence(added, loaded, took_s)}")


def _sentence(added: int, loaded: int, took_s: float) -> str:
    if not added:
        return "Nothing was added: these datasets hold that many rows already."
    regions = f" Loaded {loaded} regions." if loaded else ""
    return f"Added {added} rows in {took_s:.1f} s, {added / took_s:.0f} rows/s.{regions}"
