"""Single durable PUTs at 32 connections: the hub against a bare Flask view (floor a).

Usage: python -m bench.put [--rounds 7] [--seconds 4]
"""

from __future__ import annotations

import click
import orjson

from bench.feed import feed
from bench.load import Measured, Target, connected, drive, request_bytes
from bench.ratios import Line, in_turns, show
from bench.site import Site, opened

CONNECTIONS = 32
READINGS = 2_000


def measure(site: Site, *, rounds: int = 7, seconds: float = 4.0) -> list[Line]:
    """Requests a second and latencies of both."""
    dataset = site.dataset()
    bodies = [orjson.dumps(reading) for reading in feed(READINGS)]
    to_hub = [dataset.put(body) for body in bodies]
    to_floor = [request_bytes("PUT", "/", body) for body in bodies]

    def round_of(target: Target, requests: list[bytes], length: float) -> Measured:
        with connected(target, CONNECTIONS) as connections:
            measured = drive(connections, requests, length, wanted=201)
        if measured.failures:
            raise SystemExit(f"{measured.failures} PUTs failed")
        return measured

    round_of(site.floor, to_floor, 1)
    round_of(site.hub, to_hub, 1)
    pairs = in_turns(
        rounds,
        lambda: round_of(site.floor, to_floor, seconds),
        lambda: round_of(site.hub, to_hub, seconds),
    )
    floor, hub = [f for f, _ in pairs], [h for _, h in pairs]
    lines = [
        Line(
            what=f"PUT, {CONNECTIONS} connections",
            unit="req/s",
            hub=[m.rate for m in hub],
            floor=[m.rate for m in floor],
            target=1.0,
        )
    ]
    for name, share, target in (("p50", 0.5, None), ("p99", 0.99, 1.0)):
        lines.append(
            Line(
                what=f"PUT, {name}",
                unit="ms",
                hub=[m.percentile_ms(share) for m in hub],
                floor=[m.percentile_ms(share) for m in floor],
                target=target,
                at_most=True,
            )
        )
    return lines


@click.command()
@click.option("--rounds", default=7, show_default=True)
@click.option("--seconds", default=4.0, show_default=True, help="Length of a round.")
def main(rounds: int, seconds: float) -> None:
    """Durable PUTs: the hub against a bare Flask view."""
    with opened() as site:
        show(measure(site, rounds=rounds, seconds=seconds))


if __name__ == "__main__":
    main()
