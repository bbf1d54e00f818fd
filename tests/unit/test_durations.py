"""ISO-8601 durations, and the buckets they make, against dates counted by hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from hub.errors import BadParameter
from hub.series.durations import DAY_MS, HOUR_MS, Duration, Steps, duration
from hub.series.grid import AFTER_ALL


@pytest.mark.parametrize(
    ("text", "months", "ms"),
    [
        ("PT1H", 0, HOUR_MS),
        ("P1D", 0, DAY_MS),
        ("P1W", 0, 7 * DAY_MS),
        ("P1M", 1, 0),
        ("PT1M", 0, 60_000),
        ("P1Y", 12, 0),
        ("P1Y2M3W4DT5H6M7.089S", 14, 25 * DAY_MS + 5 * HOUR_MS + 367_089),
        ("PT0.5S", 0, 500),
        ("PT0,25S", 0, 250),
        ("PT1.500000S", 0, 1500),
        ("P0Y1D", 0, DAY_MS),
        ("PT90M", 0, 5_400_000),
    ],
)
def test_a_duration_is_read(text: str, months: int, ms: int) -> None:
    assert duration(text) == Duration(months, ms)


@pytest.mark.parametrize(
    "text",
    [
        "", "P", "PT", "P1", "1H", "PT1", "P1H", "PT1D", "P1DT", "pt1h", "PT1H ", " PT1H",
        "P0D", "PT0S", "PT0.0S", "P-1D", "-P1D", "PT-1H", "P1.5D", "PT0.5H", "P0.5M", "PT1.S",
        "PT.5S", "PT0.0001S", "P1M1Y", "PT1S1H", "P1D1W", "P٣D", "P1000000000D", "P999999999D",
        "P999999Y", "PT1H\n", "P1Y1Y",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_by_the_parameters_name(text: str) -> None:
    with pytest.raises(BadParameter) as refused:
        duration(text)
    assert refused.value.detail["parameter"] == "step"


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("begin", "step", "edges"),
    [
        ((2026, 1, 1), "P1M", [(2026, 1, 1), (2026, 2, 1), (2026, 3, 1), (2026, 4, 1)]),
        ((2026, 1, 31), "P1M", [(2026, 1, 31), (2026, 2, 28), (2026, 3, 31), (2026, 4, 30)]),
        ((2024, 2, 29), "P1Y", [(2024, 2, 29), (2025, 2, 28), (2026, 2, 28), (2027, 2, 28)]),
        ((2026, 1, 30, 6), "P1MT1H", [(2026, 1, 30, 6), (2026, 2, 28, 7), (2026, 3, 30, 8)]),
        ((2026, 12, 31), "P1D", [(2026, 12, 31), (2027, 1, 1), (2027, 1, 2)]),
        ((2026, 3, 29), "PT12H", [(2026, 3, 29), (2026, 3, 29, 12), (2026, 3, 30)]),
    ],
)
def test_buckets_follow_one_another(
    begin: tuple[int, ...], step: str, edges: list[tuple[int, ...]]
) -> None:
    steps = Steps(ms(*begin), duration(step))
    assert [steps.start(number) for number in range(len(edges))] == [ms(*edge) for edge in edges]


@pytest.mark.parametrize("step", ["P1M", "P1Y", "P7M", "P1MT1S", "P2M3D", "PT1H", "PT0.007S"])
def test_every_moment_is_in_the_bucket_of_its_number(step: str) -> None:
    rng = random.Random(step)
    for _ in range(300):
        begin = rng.randrange(ms(1, 1, 1), ms(2030, 1, 1))
        steps = Steps(begin, duration(step))
        at = begin + rng.choice((0, 1, rng.randrange(40 * DAY_MS), rng.randrange(9000 * DAY_MS)))
        number = steps.number(at)
        assert number >= 0
        assert steps.start(number) <= at < steps.start(number + 1)


def test_the_calendar_has_an_end() -> None:
    steps = Steps(ms(9999, 12, 1), duration("P1M"))
    assert steps.start(1) == AFTER_ALL
    assert steps.number(ms(9999, 12, 31)) == 0
