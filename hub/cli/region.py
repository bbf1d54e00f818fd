"""``hub region``: the areas by which published data can be asked for."""

from __future__ import annotations

import sys
from typing import IO

import click

from hub.cli.session import json_option, put_out, session, table
from hub.services.observing import geojson


@click.group()
def region() -> None:
    """Regions: areas by which observations can be asked for."""


@region.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--id-property",
    default="id",
    show_default=True,
    help="The property of a feature that is the region's id.",
)
@json_option
def load(file: IO[bytes], id_property: str, as_json: bool) -> None:
    """Add the regions of a GeoJSON file, or replace them, and assign every location anew."""
    with session() as services:
        found = geojson.regions(file.read(), id_property)
        total, seen = services.regions.locations(), 0
        with click.progressbar(length=total, label="assigning", file=sys.stderr) as bar:
            for step in services.regions.load(found):
                bar.update(step)
                seen += step
    facts = {"regions": [each.id for each in found], "locations": seen}
    text = f"Loaded {len(found)} regions; looked at {seen} locations."
    put_out(facts, as_json=as_json, text=text)


@region.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the regions, and how many locations are in each."""
    with session() as services:
        found = services.regions.sizes()
    rows = [{"region": id_, "name": name, "locations": count} for id_, name, count in found]
    text = table(("REGION", "NAME", "LOCATIONS"), [list(row.values()) for row in rows])
    put_out(rows, as_json=as_json, text=text)


@region.command()
@click.argument("region_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(region_id: str, yes: bool, as_json: bool) -> None:
    """Delete a region; its locations stay, and are no longer in it."""
    with session() as services:
        if not yes:
            click.confirm(f"Delete the region {region_id!r}?", abort=True)
        left = services.regions.delete(region_id)
    facts = {"region": region_id, "locations": left}
    put_out(facts, as_json=as_json, text=f"Deleted; {left} locations were in it.")
