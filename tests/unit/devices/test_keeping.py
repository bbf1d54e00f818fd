"""Which values of a poll are stored: tables, and what holds for any of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.keeping import Kept, is_kept
from hub.values import Place

ALL = Place()
CHANGES = Place(on_change=True)
BAND = Place(deadband=0.5)
BOTH = Place(on_change=True, deadband=0.5)
BEATING = Place(on_change=True, heartbeat_s=60.0)
WIDE = Place(deadband=100, heartbeat_s=1.5)
LAST = Kept(1_000_000, 10)


SINCE = Kept(1_000_000, 10, seen=1_500_000)
"""Read half an hour after it came to be."""


def seen(after_ms: int, value: float = 10, at: int = SINCE.at, *, uncertain: bool = False) -> Kept:
    return Kept(at, value, uncertain, SINCE.looked + after_ms)


def later(value: float, after_ms: int = 1_000, *, uncertain: bool = False) -> Kept:
    return Kept(LAST.at + after_ms, value, uncertain)


@pytest.mark.parametrize(
    ("place", "new", "kept"),
    [
        (ALL, later(10), True),
        (ALL, later(11), True),
        (ALL, later(10, 0), False),
        (ALL, later(11, 0), True),
        (ALL, later(10, -1_000), True),
        (CHANGES, later(10), False),
        (CHANGES, later(10.0), False),
        (CHANGES, later(10.000001), True),
        (CHANGES, later(10, 10**9), False),
        (CHANGES, later(10, uncertain=True), True),
        (BAND, later(10.5), False),
        (BAND, later(9.5), False),
        (BAND, later(10.51), True),
        (BAND, later(9.49), True),
        (BAND, later(10.4, uncertain=True), True),
        (BOTH, later(10.4), False),
        (BOTH, later(10.6), True),
        (BEATING, later(10, 59_999), False),
        (BEATING, later(10, 60_000), True),
        (BEATING, later(10, -60_000), False),
        (BEATING, later(10, 0), False),
        (WIDE, later(50, 1_499), False),
        (WIDE, later(50, 1_500), True),
        (WIDE, later(1e308, 1), True),
    ],
)
def test_what_is_stored(place: Place, new: Kept, kept: bool) -> None:
    assert is_kept(place, LAST, new) is kept


@pytest.mark.parametrize(
    ("place", "new", "kept"),
    [
        (ALL, seen(10**9), False),
        (CHANGES, seen(10**9), False),
        (BEATING, seen(59_999), False),
        (BEATING, seen(60_000), True),
        (WIDE, seen(1_500), True),
        (BEATING, seen(0, 11), True),
        (BEATING, seen(0, uncertain=True), True),
        (BEATING, seen(10, 10, 1_500_005), False),
        (BEATING, seen(60_000, 10, 1_500_005), True),
    ],
)
def test_what_has_the_time_when_it_came_to_be_beats_by_when_it_was_looked_at(
    place: Place, new: Kept, kept: bool
) -> None:
    assert is_kept(place, SINCE, new) is kept


def test_what_comes_to_be_in_the_future_does_not_beat_before() -> None:
    ahead = Kept(1_000_000, 10, seen=1_000)
    assert not is_kept(BEATING, ahead, Kept(1_000_000, 10, seen=999_999))
    assert is_kept(BEATING, ahead, Kept(1_000_000, 10, seen=1_000_001))


@pytest.mark.parametrize("place", [ALL, CHANGES, BAND, BEATING])
def test_the_first_value_is_stored(place: Place) -> None:
    assert is_kept(place, None, LAST)


def test_values_beyond_the_digits_of_a_float_are_told_apart() -> None:
    large = Kept(0, 2**63 - 2)
    assert is_kept(CHANGES, large, Kept(1, 2**63 - 1))


def test_two_values_too_far_apart_for_a_float_differ() -> None:
    assert is_kept(BAND, Kept(0, -1.7e308), Kept(1, 1.7e308))


WALK = st.lists(
    st.tuples(st.integers(1, 5_000), st.one_of(st.integers(-20, 20), st.floats(-20, 20))),
    min_size=1,
)


@given(
    walk=WALK,
    deadband=st.sampled_from([0, 0.5, 3, 7.25]),
    heartbeat_s=st.none() | st.sampled_from([0.5, 4.0]),
)
def test_the_stored_values_tell_all_of_them_within_the_deadband(
    walk: list[tuple[int, float]], deadband: float, heartbeat_s: float | None
) -> None:
    place = Place(deadband=deadband, heartbeat_s=heartbeat_s)
    stored: list[Kept] = []
    at = 0
    for step, value in walk:
        at += step
        new = Kept(at, value)
        if is_kept(place, stored[-1] if stored else None, new):
            stored.append(new)
        else:
            assert abs(value - stored[-1].value) <= deadband
            assert heartbeat_s is None or at - stored[-1].at < heartbeat_s * 1_000
    for before, after in pairwise(stored):
        beaten = heartbeat_s is not None and after.at - before.at >= heartbeat_s * 1_000
        assert beaten or abs(after.value - before.value) > deadband
