"""The benchmarks run. What they measure is no test: figures depend on who else is busy."""

from __future__ import annotations

import subprocess
import sys

from tests.live import ROOT

LINES = (
    "PUT, 32 connections",
    "batches of 1,000",
    "stream as json",
    "page of 100",
    "append arrays of 1,000",
    "append one at a time",
    "all levels of 20,000 points",
    "late points: 1,000",
    "storage of 20,000 raw points",
    "hours, the first 23",
    "raw, 100 at 403,200",
    "unseen changes: days",
    "values one at a time",
    "DataStream: page of 10,000 observations",
    "strict: page of 10,000 observations",
    "polling 5 devices of 10 tags",
)


def test_every_benchmark_runs_and_prints_its_ratio() -> None:
    command = [sys.executable, "-m", "bench", "--quick"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False
    )
    assert done.returncode == 0, done.stderr
    for what in LINES:
        assert any(line.startswith(what) for line in done.stdout.splitlines()), done.stdout
