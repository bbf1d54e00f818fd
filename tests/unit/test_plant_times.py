"""Timestamps of the plant API: every form that is read, how they round, how they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError

from hub.api.plant.times import Bound, Timestamp, moment, told

NOON = datetime(2026, 4, 28, 12, tzinfo=UTC)
NOON_S = 1_777_377_600


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-04-28T12:00:00Z", NOON),
        ("2026-04-28T12:00:00", NOON),
        ("2026-04-28 12:00", NOON),
        ("2026-04-28", NOON - timedelta(hours=12)),
        ("2026-04-28T14:00:00+02:00", NOON),
        ("2026-04-28T06:30:00-0530", NOON),
        ("2026-04-28T12:00:00.0019Z", NOON + timedelta(milliseconds=1)),
        ("2026-04-28T12:00:00z", NOON),
        ("2026-04-28t12:00:00,000Z", NOON),
        ("20260428T120000Z", NOON),
        ("20260428T21+09", NOON),
        ("2026-W18-2T12Z", NOON),
        ("2026-118T12:00:00Z", NOON),
        ("2026118T1200", NOON),
        ("2024-366", datetime(2024, 12, 31, tzinfo=UTC)),
        ("2026-04-28T24:00:00Z", NOON + timedelta(hours=12)),
        ("20260428T24-0300", NOON + timedelta(hours=15)),
        ("2026-118 24:00", NOON + timedelta(hours=12)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T08:59:60.5+09:00", datetime(2017, 1, 1, microsecond=500_000, tzinfo=UTC)),
        (NOON_S, NOON),
        (NOON_S + 0.25, NOON + timedelta(milliseconds=250)),
        (NOON_S + 0.001, NOON + timedelta(milliseconds=1)),
        (str(NOON_S), NOON),
        (f"{NOON_S}.0019", NOON + timedelta(milliseconds=1)),
        ("-1.5", datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)),
        (1e-5, datetime(1970, 1, 1, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(value: Any, expected: datetime):
    assert moment(value) == expected
    assert moment(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "", "noon", "2026-13-01", "2026-04-28T25:00", True, None, [], {}, float("nan"),
        float("inf"), 1e300, 10**400, "99999999999999", "1e9", "nan", "0001-01-01T00:00+01:00",
        "9999-12-31T23:59-01:00", "x" * 100_000, "٤", "2026-04-28x12:00", "2026-04-28\n12:00",
        "2026-000", "2026-366", "2026-04-28T24:01", "2026-04-28T24:00:00.1", "9999-12-31T24:00",
        "2026-04-28T12:00:60", "2026-04-28T12:59:61", "0000-118",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: Any):
    with pytest.raises(ValueError, match="Must be ISO-8601"):
        moment(value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-04-28T12:00:00.0001Z",
        "2026-04-28T12:00:00.0000001Z",
        f"{NOON_S}.0001",
        f"{NOON_S}.0000001",
    ],
)
def test_a_lower_bound_rounds_up_and_an_upper_one_down(value: str):
    assert Bound(lower=True).deserialize(value) == NOON + timedelta(milliseconds=1)
    assert Bound(lower=False).deserialize(value) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-28T14:00:00 02:00",
        "2026-04-28T14:00 0200",
        "2026-04-28T12:00:00.000 00:00",
        "2026-04-28T14:00 02",
        "20260428T140000 0200",
        "2026-04-28T14 02",
        f" {NOON_S}",
        f" {NOON_S}.0",
    ],
)
def test_a_plus_that_the_url_made_a_space_is_an_offset(text: str):
    assert Bound(lower=True).deserialize(text) == NOON


@pytest.mark.parametrize("text", ["2026-04-28 12:00", "2026-04-28 12", "20260428 1200"])
def test_a_space_before_the_time_is_none(text: str):
    assert Bound(lower=True).deserialize(text) == NOON


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOON, "2026-04-28T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=9))), "2026-04-28T12:00:00Z"),
        (NOON + timedelta(milliseconds=5), "2026-04-28T12:00:00.005Z"),
    ],
)
def test_a_time_is_told_in_utc(at: datetime, expected: str):
    assert told(at) == expected


class Body(Schema):
    class Meta:
        unknown = RAISE

    timestamp = Timestamp(required=True)


def test_a_field_of_a_body_names_itself():
    assert Body().load({"timestamp": NOON_S}) == {"timestamp": NOON}
    with pytest.raises(ValidationError) as refused:
        Body().load({"timestamp": "then"})
    assert list(refused.value.messages_dict) == ["timestamp"]
