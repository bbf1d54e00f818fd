"""Types of devices: vectors known from elsewhere, and encoding undone by decoding."""

from __future__ import annotations

import math
import struct
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.contract import ByteOrder
from hub.devices.types import FORMS, Order, arranged, decoded, encoded
from hub.errors import BadDeviceValue
from hub.values import DataType

RANGES: dict[DataType, tuple[int, int]] = {
    "bit": (0, 1),
    "byte": (0, 255),
    "uint16": (0, 2**16 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint32": (0, 2**32 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint64": (0, 2**64 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
REALS: dict[DataType, int] = {"fp16": 16, "fp32": 32, "fp64": 64}


def values(type_: DataType) -> st.SearchStrategy[Any]:
    """All values that a type holds."""
    if type_ in RANGES:
        return st.integers(*RANGES[type_])
    return st.floats(width=REALS[type_], allow_nan=False, allow_infinity=False)  # type: ignore[arg-type]


typed = st.sampled_from(get_args(DataType)).flatmap(lambda t: values(t).map(lambda v: (t, v)))
orders = st.builds(Order, st.sampled_from(get_args(ByteOrder)), st.booleans())


@pytest.mark.parametrize(
    ("type_", "value", "data"),
    [
        ("fp16", 1.5, "003e"),
        ("fp32", 3.25, "00005040"),
        ("fp64", -2.5, "00000000000004c0"),
        ("int32", -2, "feffffff"),
        ("uint16", 0x1234, "3412"),
        ("byte", 200, "c8"),
        ("bit", True, "01"),
        ("bit", 0, "00"),
        ("fp32", 1, "0000803f"),
        ("uint64", 2**64 - 1, "ff" * 8),
    ],
)
def test_values_are_these_bytes(type_: DataType, value: Any, data: str) -> None:
    assert encoded(type_, value).hex() == data


@given(typed)
def test_decoding_undoes_encoding(case: tuple[DataType, Any]) -> None:
    type_, value = case
    assert decoded(type_, encoded(type_, value)) == value


@given(typed)
def test_values_keep_their_kind(case: tuple[DataType, Any]) -> None:
    type_, value = case
    assert type(decoded(type_, encoded(type_, value))) is type(value)


@given(st.binary(min_size=8, max_size=8), orders)
def test_arranging_twice_changes_nothing(data: bytes, order: Order) -> None:
    assert arranged(arranged(data, order), order) == data


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        (Order("little", False), "CDAB"),
        (Order("big", False), "ABCD"),
        (Order("little", True), "DCBA"),
        (Order("big", True), "BADC"),
    ],
)
def test_the_four_layouts_as_a_protocol_shows_them_that_sends_high_bytes_first(
    order: Order, shown: str
) -> None:
    memory = arranged(b"DCBA", order)
    assert memory[1::-1] + memory[3:1:-1] == shown.encode()


@pytest.mark.parametrize("type_", RANGES)
@pytest.mark.parametrize("beyond", [-1, 1])
def test_what_is_out_of_range_is_refused(type_: DataType, beyond: int) -> None:
    value = RANGES[type_][beyond > 0] + beyond
    with pytest.raises(BadDeviceValue):
        encoded(type_, value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("fp16", 65520.0),
        ("fp32", 1e39),
        ("fp64", 10**400),
        ("fp64", math.nan),
        ("fp32", math.inf),
        ("uint16", 1.5),
        ("uint64", 2.0**53),
        ("int64", math.inf),
        ("uint16", True),
        ("int32", "1"),
        ("fp32", None),
        ("fp64", False),
        ("fp64", "1"),
        ("bit", 0.5),
        ("bit", 2.0),
        ("bit", "1"),
        ("byte", None),
    ],
)
def test_what_is_of_another_kind_or_no_finite_number_is_refused(
    type_: DataType, value: Any
) -> None:
    with pytest.raises(BadDeviceValue, match=r"bit|range|takes"):
        encoded(type_, value)


@pytest.mark.parametrize(
    ("type_", "value", "as_"),
    [
        ("uint16", 42.0, 42),
        ("int16", -1.0, -1),
        ("int32", 1e3, 1000),
        ("uint64", 2.0**53 - 1, 2**53 - 1),
        ("int64", 1 - 2.0**53, 1 - 2**53),
        ("byte", -0.0, 0),
        ("bit", 1.0, 1),
    ],
)
def test_a_whole_number_may_be_written_with_a_decimal_point(
    type_: DataType, value: float, as_: int
) -> None:
    assert encoded(type_, value) == encoded(type_, as_)


@pytest.mark.parametrize("type_", get_args(DataType))
def test_every_type_has_the_size_of_what_packs_it(type_: DataType) -> None:
    form = FORMS[type_]
    assert struct.calcsize(form.code) == form.size_bytes
