"""What the policies of retention come to: limits, whose limit counts, and from where on is kept."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Invalid
from hub.series.levels import LEVELS
from hub.series.windows import ONE_MINUTE
from hub.services.retention.policies import TABLES, effective, floors, kind_of, limit_ms

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_600_000_123_456


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({"drop_after_seconds": 90}, 90_000),
        ({"drop_after_hours": 1}, HOUR),
        ({"drop_after_days": 30}, 30 * DAY),
        ({"drop_after_days": 0.5, "drop_after_hours": None}, DAY // 2),
        ({"drop_after_days": 0}, None),
        ({"drop_after_days": -3}, None),
        ({"drop_after_seconds": -0.5}, None),
        ({"drop_after_seconds": 1}, 1000),
    ],
)
def test_a_limit_is_read(given: dict[str, Any], limit: int | None) -> None:
    assert limit_ms(given) == limit


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"drop_after_days": None},
        {"drop_after_days": 1, "drop_after_hours": 1},
        {"drop_after_days": "1"},
        {"drop_after_days": True},
        {"drop_after_days": float("nan")},
        {"drop_after_days": float("inf")},
        {"drop_after_seconds": 0.001},
        {"drop_after_days": 10**400},
        {"drop_after_hours": 1e300},
    ],
)
def test_what_is_no_limit_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        limit_ms(given)


@pytest.mark.parametrize("name", ["core_values", "", None, 5, ["core_value"], "values"])
def test_another_table_is_refused(name: Any) -> None:
    with pytest.raises(Invalid) as refused:
        kind_of(name)
    assert refused.value.detail["path"] == "hypertable"


def test_there_is_a_table_for_raw_values_each_level_and_statistics() -> None:
    levels = {f"core_value_{level.name}": level.name for level in LEVELS[1:]}
    assert dict(TABLES) == {
        "core_value": "values",
        **levels,
        "core_valuestatistics": "statistics",
    }


@pytest.mark.parametrize(
    ("every", "own", "found"),
    [
        ({}, {}, {}),
        ({"values": 5}, {}, {"values": 5}),
        ({"values": 5, "statistics": 1}, {"values": 9}, {"values": 9, "statistics": 1}),
        ({"values": 5}, {"values": 2}, {"values": 2}),
        ({"values": 5, "10seconds": 3}, {}, {"values": 5, "10seconds": 5}),
        ({"values": 5, "10seconds": 7, "minutes": 6}, {},
         {"values": 5, "10seconds": 7, "minutes": 7}),
        ({"10seconds": 3}, {}, {}),
        ({"values": 1, "minutes": 3}, {}, {"values": 1}),
        ({"statistics": 3}, {}, {"statistics": 3}),
    ],
)  # fmt: skip
def test_a_level_is_kept_as_long_as_what_it_is_made_of(
    every: dict[str, int], own: dict[str, int], found: dict[str, int]
) -> None:
    assert effective(every, own) == found


@pytest.mark.parametrize(
    ("lengths", "grain"),
    [
        (((0, 0),), 10_000),
        (((0, 1_000),), 10_000),
        (ONE_MINUTE, 60_000),
        (((0, 60_000), (HOUR, 45_000)), 180_000),
        (((0, HOUR),), HOUR),
    ],
)
def test_raw_values_go_by_whole_buckets_and_windows(lengths: Any, grain: int) -> None:
    floor = floors({"values": 5_000}, lengths, NOW)["values"]
    assert floor == (NOW - 5_000) // grain * grain


def test_no_floor_cuts_a_bucket_above_or_lies_over_a_finer_one() -> None:
    limits = {"values": 5_000, "statistics": 7} | {level.name: 5_000 for level in LEVELS[1:]}
    found = floors(limits, ((0, HOUR),), NOW)
    assert found["statistics"] == (NOW - 7) // 60_000 * 60_000
    below = NOW
    for level, coarser in zip(LEVELS, [*LEVELS[1:], LEVELS[-1]], strict=True):
        floor = found["values" if level is LEVELS[0] else level.name]
        assert floor % coarser.width_ms == 0
        assert floor <= below
        below = floor
