"""``hub simulate``: a small plant to be polled, for whoever has none at hand."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click
import orjson

from hub.cli.session import json_option, put_out, table
from hub.devices.simulators.plant import tags
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.tags import KINDS, PORTS, TAGS, Kind
from hub.devices.simulators.plant.trouble import Episodes, untroubled
from hub.values import Document

SPEED_MAX = 100.0


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--bind", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65_535), help="0 is one that is free.")
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.1, SPEED_MAX),
    help="How many seconds of the plant pass in one.",
)
@click.option("--seed", default=1, show_default=True, help="Another number makes other noise.")
@click.option("--misbehave", is_flag=True, help="The motor goes wrong from time to time.")
@click.option("--addresses", is_flag=True, help="Only print what stands where.")
@click.option("--definition", is_flag=True, help="Only print the bodies that make it a device.")
@json_option
def simulate(*, addresses: bool, definition: bool, as_json: bool, **options: Any) -> None:
    """Run a small plant until Ctrl-C: a motor, a tank, counters and alarms.

    It is the same plant in each protocol. No hub is needed, and nothing is kept.
    """
    kind: Kind = options["kind"]
    if options["port"] is None:
        options["port"] = PORTS[kind]
    if addresses:
        _tell_addresses(kind, as_json=as_json)
    elif definition:
        device = tags.device(kind, options["bind"], options["port"], f"{kind} plant")
        click.echo(orjson.dumps({"device": device, "data": tags.data(kind)}).decode())
    else:
        _run(options, as_json=as_json)


def _tell_addresses(kind: Kind, *, as_json: bool) -> None:
    facts = [
        {
            "address": tag.address(kind),
            "type": tag.type,
            "unit": tag.unit,
            "access_mode": tag.access_mode,
            "name": tag.name,
        }
        for tag in TAGS
    ]
    text = table(("ADDRESS", "TYPE", "UNIT", "ACCESS", "NAME"), [[*row.values()] for row in facts])
    put_out(facts, as_json=as_json, text=text)


def _run(options: Document, *, as_json: bool) -> None:
    kind, host = options["kind"], options["bind"]
    plant = Plant(
        options["seed"], Episodes(options["seed"]) if options["misbehave"] else untroubled
    )

    def listening(port: int) -> None:
        where = {"kind": kind, "host": host, "port": port}
        text = f"A plant answers {kind} at {host}:{port}. Ctrl-C ends it."
        put_out(where, as_json=as_json, text=text)
        sys.stdout.flush()

    try:
        asyncio.run(_until_stopped(plant, kind, (host, options["port"]), options, listening))
    except OSError as exc:
        raise click.ClickException(f"{host}:{options['port']} cannot be used: {exc}") from exc


async def _until_stopped(
    plant: Plant,
    kind: Kind,
    at: tuple[str, int],
    options: Document,
    listening: Callable[[int], None],
) -> None:
    """The drivers' libraries take a while to load: only now."""
    from hub.devices.simulators.plant.running import run

    running = asyncio.ensure_future(run(plant, kind, at, options["speed"], listening))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
