"""What of a reading is stored, and what is told of the rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.devices.contract import Reading
from hub.errors import BadAddress, DeviceRefused
from hub.jobs.polling.taking import taken
from hub.services.devices.readings import Taken
from hub.values import Place, Stream

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def stream(number: int) -> Stream:
    own: dict[str, Any] = dict.fromkeys(("value_downsamplers", "time_downsamplers"), ())
    return Stream(
        id=number,
        uuid=str(number),
        name="tag",
        tags={},
        value_type="numeric",
        highest="seconds",
        public=False,
        late="replace",
        created=NOW,
        widths=((0, 1000),),
        place=Place(device=1, path=f"hr:{number}"),
        **own,
    )


ONE, TWO = stream(1), stream(2)


@pytest.mark.parametrize(
    ("reading", "value", "quality"),
    [
        (Reading(5), 5.0, "good"),
        (Reading(True), 1.0, "good"),
        (Reading(0), 0.0, "good"),
        (Reading(1.5, "uncertain"), 1.5, "uncertain"),
        (Reading(2**64 - 1), 2.0**64, "good"),
    ],
)
def test_numbers_are_stored(reading: Reading, value: float, quality: Any) -> None:
    assert taken(9, [(ONE, reading)], NOW_MS) == ([Taken(9, ONE, NOW_MS, value, quality)], None)


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (Reading.failed(DeviceRefused("no such register", device_code="0x02")), "device_refused"),
        (Reading(None, "uncertain"), "bad_device_value"),
        (Reading(3, "bad"), "bad_device_value"),
        (Reading("on"), "bad_device_value"),
    ],
)
def test_everything_else_is_told_of(reading: Reading, code: str) -> None:
    found, faults = taken(9, [(ONE, reading)], NOW_MS)
    assert found == []
    assert faults is not None
    assert faults["code"] == code
    assert "'hr:1'" in faults["message"]


def test_one_bad_point_spoils_no_other() -> None:
    bad = Reading.failed(BadAddress("no address", address="hr:2"))
    found, faults = taken(9, [(ONE, Reading(1)), (TWO, bad)], NOW_MS)
    assert [each.stream.id for each in found] == [1]
    assert faults is not None
    assert faults["message"].startswith("1 of 2 points were not read, 'hr:2' first")


@pytest.mark.parametrize(
    ("away", "own"),
    [
        (timedelta(0), True),
        (timedelta(hours=23), True),
        (-timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (-timedelta(days=4000), False),
    ],
)
def test_the_device_s_own_time_counts_within_a_day(away: timedelta, own: bool) -> None:
    (found,), _ = taken(9, [(ONE, Reading(1, at=NOW + away))], NOW_MS)
    assert found.at == (int((NOW + away).timestamp() * 1000) if own else NOW_MS)


@pytest.mark.parametrize(
    ("reading", "seen"),
    [
        (Reading(1), None),
        (Reading(1, at=NOW - timedelta(seconds=2)), NOW_MS),
    ],
)
def test_what_has_a_time_was_seen_at_another(reading: Reading, seen: int | None) -> None:
    (found,), _ = taken(9, [(ONE, reading)], NOW_MS)
    assert found.seen == seen
