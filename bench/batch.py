"""Batches of 1,000 documents: the hub over HTTP against ``insert_many`` in a script (floor b).

Usage: python -m bench.batch [--rounds 5] [--seconds 3]
"""

from __future__ import annotations

import click
import orjson

from bench.feed import in_batches
from bench.floor_script import BATCH, BODIES
from bench.load import connected, drive
from bench.ratios import Line, in_turns, show
from bench.site import Site, opened

FORMS = {"array": "application/json", "ndjson": "application/x-ndjson"}
TARGET = 0.60


def measure(site: Site, *, rounds: int = 5, seconds: float = 3.0) -> list[Line]:
    """Documents a second of both, with one client and with two on each side."""
    return [_compared(site, form, clients, rounds, seconds) for clients in (1, 2) for form in FORMS]


def _compared(site: Site, form: str, clients: int, rounds: int, seconds: float) -> Line:
    dataset = site.dataset()
    requests = [dataset.put(body, Content_Type=FORMS[form]) for body in bodies(form)]

    def floor() -> float:
        told = site.script("insert", "--clients", str(clients), "--seconds", str(seconds))
        return float(told["documents"] / told["seconds"])

    def hub(length: float = seconds) -> float:
        with connected(site.hub, clients) as connections:
            measured = drive(connections, requests, length, wanted=201)
        if measured.failures:
            raise SystemExit(f"{measured.failures} batches were not stored whole")
        return measured.rate * BATCH

    hub(0.5)
    pairs = in_turns(rounds, floor, hub)
    return Line(
        what=f"batches of {BATCH:,}, {form}, clients: {clients}",
        unit="docs/s",
        hub=[h for _, h in pairs],
        floor=[f for f, _ in pairs],
        target=TARGET,
    )


def bodies(form: str) -> list[bytes]:
    """Different batches of the feed, as they go over the wire."""
    batches = in_batches(BATCH, BODIES)
    if form == "array":
        return [orjson.dumps(batch) for batch in batches]
    return [b"\n".join(map(orjson.dumps, batch)) + b"\n" for batch in batches]


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Length of a round.")
def main(rounds: int, seconds: float) -> None:
    """Durable batches: the hub against insert_many in a plain script."""
    with opened() as site:
        show(measure(site, rounds=rounds, seconds=seconds))


if __name__ == "__main__":
    main()
