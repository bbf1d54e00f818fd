"""Whatever is given as an address: a place, or an error that names it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.contract import Point
from hub.devices.registry import DRIVERS, PLACES, check, check_point
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType, DeviceKind
from tests.devices import device

LIKE_ADDRESSES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"%?[A-Za-z]{0,4}:?[0-9A-Fa-f]{0,12}(\.[0-9A-F]{0,3})?", fullmatch=True),
    st.from_regex(r"(ns=[0-9]{0,7};)?[isgbx]=.{0,20}", fullmatch=True),
)
TYPES = st.sampled_from([None, *get_args(DataType)])


@given(st.sampled_from(list(DRIVERS)), LIKE_ADDRESSES, TYPES)
def test_any_text_is_a_place_or_is_named(kind: str, address: str, type_: DataType | None) -> None:
    named = address
    try:
        check_point(device(kind), Point(address, type_))  # type: ignore[arg-type]
    except (BadAddress, BadDeviceValue) as exc:
        named = exc.detail["address"]
    assert named == address


@given(st.sampled_from(["modbus", "melsec", "fenet"]), LIKE_ADDRESSES, TYPES)
def test_a_place_is_within_one_request(
    kind: DeviceKind, address: str, type_: DataType | None
) -> None:
    try:
        place = PLACES[kind](Point(address, type_), check(kind, {}))
    except (BadAddress, BadDeviceValue):
        return
    assert place.start >= 0
    assert 1 <= place.size <= place.space.cells_max


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("melsec", "\u00df10"),
        ("melsec", "\u017fD1"),
        ("fenet", "\u0131X1"),
        ("modbus", "d\u0131:1"),
    ],
)
def test_letters_that_only_become_ascii_in_capitals_are_no_addresses(
    kind: str, address: str
) -> None:
    with pytest.raises(BadAddress):
        check_point(device(kind), Point(address))  # type: ignore[arg-type]
