"""What is written is what is read, for every type, order and protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.devices.contract import Point
from hub.devices.fenet.driver import Fenet
from hub.devices.melsec.driver import Melsec
from hub.devices.modbus.driver import Modbus
from hub.devices.places import Place, cells, mask, reading
from hub.devices.types import FORMS
from tests.devices import device
from tests.unit.devices.test_types import typed

MODBUS = [
    Modbus(device("modbus", word_order=order, byte_swap=swap)).place
    for order in ("big", "little")
    for swap in (False, True)
]
PLACES: list[tuple[Callable[[Point], Place], str, str]] = [
    (Melsec(device("melsec")).place, "D100", "D100.5"),
    (Melsec(device("melsec", series="iqr")).place, "M35", "W1F.A"),
    (Fenet(device("fenet")).place, "%MB101", "%MX2764"),
    (Fenet(device("fenet", cpu="xgi")).place, "%MW100", "%QW3.5"),
    *((each, "hr:100", "40001.9") for each in MODBUS),
]
orders = st.sampled_from([None, "little", "big"])


@given(st.sampled_from(PLACES), typed, orders, st.integers(0, 0xFFFF))
def test_what_is_written_is_read_back(
    protocol: tuple[Callable[[Point], Place], str, str],
    value: tuple[Any, Any],
    byteorder: Any,
    before: int,
) -> None:
    """Parts of a word through a mask over what was there before."""
    place, whole, bit = protocol
    type_, value_ = value
    at = place(Point(bit if type_ == "bit" else whole, type_, byteorder))
    if at.part_of_cell and at.space.cell_bytes == 2:
        stay, set_ = mask(at, value_)
        data = (before & stay | set_ & ~stay & 0xFFFF).to_bytes(2, "little")
    elif at.bit is not None:
        data = bytes((before & 0xFF & ~(1 << at.bit) | value_ << at.bit,))
    else:
        data = cells(at, value_)
    assert len(data) == at.size * at.space.cell_bytes
    assert reading(at, data).told() == value_


@pytest.mark.parametrize("stands", PLACES)
@pytest.mark.parametrize(
    "type_", [name for name, form in FORMS.items() if form.size_bytes in (4, 8)]
)
def test_the_other_byte_order_has_the_words_the_other_way_round(
    stands: tuple[Callable[[Point], Place], str, str], type_: Any
) -> None:
    place, whole, _ = stands
    one, other = (cells(place(Point(whole, type_, o)), 7) for o in ("little", "big"))
    words = [one[n : n + 2] for n in range(0, len(one), 2)]
    assert b"".join(reversed(words)) == other


@pytest.mark.parametrize(("type_", "data"), [("fp32", "0000807f"), ("fp64", "000000000000f8ff")])
def test_what_is_no_finite_number_is_no_value(type_: Any, data: str) -> None:
    at = Fenet(device("fenet")).place(Point("%MB0", type_))
    read = reading(at, bytes.fromhex(data))
    assert (read.value, read.quality, read.error) == (None, "uncertain", None)
