"""Simulated Modbus devices, polled every second and stored: misses, lag, cost, where it ends.

Usage: python -m bench.devices [--seconds 60] [--devices 100] [--tags 100] [--json]

First one device with very many data streams, then many devices; then more and more of these until
values are missed or come late. It ends by itself, soon after ``--most`` seconds, and prints what
it has.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

import click
import orjson

from bench.devices_looks import Held, held, looking, processes, states, usage
from bench.devices_plant import Plant, planted
from bench.devices_table import Round, percentile, table
from bench.load import RECV, Connection, connected, request_bytes
from bench.ratios import Line
from bench.site import UNHINDERED, Site, opened

SETTLED_S = 5.0
DIRECT_S = 10.0
STORED_S = 12.0
"""How long after a round its last values may come into the store."""
ASKED_EVERY_S = 0.1
FURTHER = (2, 3, 4, 6, 8, 12, 16)
"""Times as many devices as at first."""
FURTHER_S = 15.0
SHARE_TARGET = 0.99


@dataclass(slots=True)
class Budget:
    """How long the whole may take: no round begins that could not end in time."""

    ends: float

    def has(self, seconds: float) -> bool:
        return time.monotonic() + seconds < self.ends


def measure(
    site: Site, *, seconds: float = 60.0, devices: int = 100, tags: int = 100
) -> list[Line]:
    """Many devices for a while, beside what is due."""
    with planted(site, devices) as plant:
        plant.add(devices, tags)
        done = polled(plant, f"{devices:,} x {tags:,}", seconds)
    what = f"polling {devices:,} devices of {tags:,} tags"
    due, at_most = float(devices * tags), 1000.0
    return [
        Line(what=f"{what}: due", unit="values/s", hub=[due * done.share], floor=[due],
             target=SHARE_TARGET),
        Line(what=f"{what}, lag p99: an interval", unit="ms", hub=[done.lag_ms[1]],
             floor=[at_most], target=1.0, at_most=True),
    ]  # fmt: skip


def rounds(
    site: Site, *, seconds: float, devices: int, tags: int, budget: Budget
) -> Generator[Round, None, None]:
    """One device with the tags of all, all devices, then more of them until it breaks."""
    ports = 1 + devices * FURTHER[-1]
    with planted(site, ports) as plant:
        plant.add(1, devices * tags)
        yield polled(plant, f"1 x {devices * tags:,}", min(seconds, FURTHER_S))
        plant.rest()
        plant.add(devices, tags)
        yield polled(plant, f"{devices:,} x {tags:,}", seconds)
        for times in FURTHER:
            more = times * devices - len(plant.polled)
            making_s = 5 + more * tags / 2_000
            if not budget.has(making_s + SETTLED_S + 1.4 * FURTHER_S + STORED_S):
                return
            plant.add(more, tags)
            done = polled(plant, f"{times * devices:,} x {tags:,}", min(seconds, FURTHER_S))
            yield done
            if done.broken:
                return


def polled(plant: Plant, name: str, seconds: float) -> Round:
    """What polling the devices of the plant gives in a while; then direct reads beside it."""
    plant.wait()
    time.sleep(SETTLED_S)
    parts = processes(plant)
    load = os.getloadavg()[0]
    with looking(plant) as looks:
        lo, before, began = time.time_ns() // 1_000_000, states(plant), usage(parts)
        time.sleep(seconds)
        hi, after, ended = time.time_ns() // 1_000_000, states(plant), usage(parts)
        direct_ms, failed = _direct(plant, min(seconds / 3, DIRECT_S))
        last = states(plant)
    kept = _stored(plant, lo, hi)
    took_s = ended.at - began.at
    return Round(
        name=name,
        seconds=took_s,
        load=load,
        due=sum(len(each.streams) for each in plant.polled),
        share=kept.share,
        gaps=kept.gaps,
        polls=after.polls - before.polls,
        missed=after.missed - before.missed,
        missed_beside=last.missed - after.missed,
        down=after.down,
        lag_ms=_span(kept.lags_ms),
        took_ms=_span(looks.took_ms),
        age_ms=_span(looks.ages_ms),
        direct_ms=_span(direct_ms),
        direct_failed=failed,
        cpu={name: (s - began.cpu_s[name]) / took_s for name, s in ended.cpu_s.items()},
        rss_mb=ended.rss_mb,
        grown_mb={name: mb - began.rss_mb[name] for name, mb in ended.rss_mb.items()},
    )


def _span(found: Sequence[float]) -> tuple[float, float]:
    return percentile(found, 0.5), percentile(found, 0.99)


def _stored(plant: Plant, lo: int, hi: int) -> Held:
    """What is there of a window, as soon as all is, or when it should be long since."""
    until = time.monotonic() + STORED_S
    kept = held(plant, lo, hi)
    while kept.share < 1 and time.monotonic() < until:
        time.sleep(1)
        kept = held(plant, lo, hi)
    return kept


def _direct(plant: Plant, seconds: float) -> tuple[list[float], int]:
    """Milliseconds that direct reads take, ten a second at chance devices; how many failed."""
    chance, buffer = random.Random(5), memoryview(bytearray(RECV))
    taken: list[float] = []
    failed = 0
    with connected(plant.site.hub, 1) as (connection,):
        until = time.monotonic() + seconds
        while (begun := time.monotonic()) < until:
            device = chance.choice(plant.polled).id
            url = f"/api/device/{device}/io/hr:{chance.randrange(100)}/"
            failed += _asked(connection, request_bytes("GET", url, headers=plant.headers), buffer)
            taken.append(1000 * (time.monotonic() - begun))
            time.sleep(max(0.0, ASKED_EVERY_S - (time.monotonic() - begun)))
    return taken, failed


def _asked(connection: Connection, request: bytes, buffer: memoryview) -> bool:
    """Whether the answer is not what was wanted."""
    connection.send(request)
    while not connection.take(buffer):
        pass
    return connection.status != 200


class _Over(BaseException):
    """The time is over, whatever is under way."""


@contextlib.contextmanager
def _bounded(ends: float) -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise _Over

    signal.signal(signal.SIGALRM, over)
    signal.alarm(max(1, int(ends - time.monotonic())))
    try:
        yield
    except _Over:
        click.echo("the time is over; a round was broken off", err=True)
    except Exception as exc:
        click.echo(f"a round was broken off: {exc!r}", err=True)
    finally:
        signal.alarm(0)


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="Length of the round of all.")
@click.option("--devices", default=100, show_default=True)
@click.option("--tags", default=100, show_default=True, help="Of each device.")
@click.option("--most", default=330, show_default=True, help="Seconds, but for the end.")
@click.option("--json", "as_json", is_flag=True, help="Figures for programs.")
def main(seconds: float, devices: int, tags: int, most: int, as_json: bool) -> None:
    """Poll more and more devices; a table of how that went."""
    done: list[Round] = []
    budget = Budget(time.monotonic() + most)
    with opened(**UNHINDERED) as site, _bounded(budget.ends):
        asked = rounds(site, seconds=seconds, devices=devices, tags=tags, budget=budget)
        with contextlib.closing(asked):
            for each in asked:
                done.append(each)
                click.echo(f"{each.name} at 1 s: {each.broken or 'holds'}", err=True)
    if as_json:
        click.echo(orjson.dumps([each.told() for each in done], option=orjson.OPT_INDENT_2))
    else:
        click.echo(table(done))


if __name__ == "__main__":
    main()
