"""A whole dataset as one stream: the hub over HTTP against a plain script (floor c).

Usage: python -m bench.stream [--rounds 5] [--rows 300000]
"""

from __future__ import annotations

from pathlib import Path

import click

from bench.load import download
from bench.ratios import Line, in_turns, show
from bench.site import Dataset, Site, opened

SMALL_ROWS = 10_000
MEMORY_ROUNDS = 6
MEMORY_TARGET = 1.1
TARGET = 0.75


def measure(site: Site, *, rounds: int = 5, rows: int = 300_000) -> list[Line]:
    """Rows a second of both, and the web workers' memory with few rows and with all."""
    small, dataset = site.fill(SMALL_ROWS), site.fill(rows)
    lines = [
        _compared(site, dataset, form, rounds if form != "csv" else min(rounds, 2), rows)
        for form in ("json", "ndjson", "csv")
    ]
    return [*lines, _memory(site, small, dataset, rows)]


def _memory(site: Site, small: Dataset, large: Dataset, rows: int) -> Line:
    """Peaks of fresh workers: after the small dataset was streamed a few times, then the large."""
    workers = site.fresh_workers()
    peaks = []
    for dataset in (small, large):
        for _ in range(MEMORY_ROUNDS):
            download(site.hub.port, _asking(dataset, "json"))
        peaks.append(max(map(_peak_mb, workers)))
    return Line(
        what=f"web worker's peak memory, {rows:,} rows : {SMALL_ROWS:,} rows",
        unit="MB",
        hub=peaks[1:],
        floor=peaks[:1],
        target=MEMORY_TARGET,
        at_most=True,
    )


def _compared(site: Site, dataset: Dataset, form: str, rounds: int, rows: int) -> Line:
    request = _asking(dataset, form)

    def floor() -> float:
        told = site.script("stream", "--dataset", dataset.uuid)
        if told["rows"] != rows:
            raise SystemExit(f"the floor read {told['rows']} rows of {rows}")
        return float(rows / told["seconds"])

    def hub() -> float:
        seconds, _ = download(site.hub.port, request)
        return rows / seconds

    pairs = in_turns(rounds, floor, hub)
    return Line(
        what=f"stream as {form}",
        unit="rows/s",
        hub=[h for _, h in pairs],
        floor=[f for f, _ in pairs],
        target=TARGET if form != "csv" else None,
    )


def _asking(dataset: Dataset, form: str) -> bytes:
    return dataset.get(f"format={form}", Connection="close")


def _peak_mb(pid: int) -> float:
    """The peak of a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("the system does not tell the peak of a process's memory")


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--rows", default=300_000, show_default=True)
def main(rounds: int, rows: int) -> None:
    """Stream a whole dataset: the hub against a plain script."""
    with opened() as site:
        show(measure(site, rounds=rounds, rows=rows))


if __name__ == "__main__":
    main()
