"""The documents of all benchmarks: readings of the demo's weather station."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from hub.demo.feed import A_DAY, day

FIRST_DAY = datetime(2024, 3, 1, tzinfo=UTC)


def feed(count: int) -> list[dict[str, Any]]:
    """The first so many readings; always the same."""
    days = (day(FIRST_DAY + n * A_DAY, seed=n) for n in itertools.count())
    return list(itertools.islice(itertools.chain.from_iterable(days), count))


def in_batches(size: int, count: int) -> list[list[dict[str, Any]]]:
    """The first ``count`` batches of ``size`` readings."""
    readings = feed(size * count)
    return [readings[first : first + size] for first in range(0, len(readings), size)]
