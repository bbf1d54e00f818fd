"""Modbus addresses: what stands where in every notation, how it is asked for, what is none."""

from __future__ import annotations

from typing import Any

import pytest

from hub.devices.contract import Point
from hub.devices.modbus.address import OPTIONS, place
from hub.devices.modbus.driver import Modbus
from hub.devices.options import completed
from hub.devices.places import cells, mask
from hub.devices.spans import Need, merged
from hub.errors import BadAddress, BadDeviceValue, BadField
from hub.values import DataType
from tests.devices import device

PLAIN = completed(OPTIONS, {})


@pytest.mark.parametrize(
    ("address", "type_", "stands"),
    [
        ("coil:0", None, ("coils", 0, 1, "bit", None)),
        ("COIL:65535", "bit", ("coils", 65535, 1, "bit", None)),
        ("di:7", None, ("discrete inputs", 7, 1, "bit", None)),
        ("ir:7", None, ("input", 7, 1, "uint16", None)),
        ("hr:7", "fp32", ("holding", 7, 2, "fp32", None)),
        ("hr:7", "byte", ("holding", 7, 1, "byte", None)),
        ("hr:7.5", None, ("holding", 7, 1, "bit", 5)),
        ("hr:7.A", None, ("holding", 7, 1, "bit", 10)),
        ("ir:7.15", "bit", ("input", 7, 1, "bit", 15)),
        ("0", None, ("holding", 0, 1, "uint16", None)),
        ("100", "int64", ("holding", 100, 4, "int64", None)),
        ("9999", None, ("holding", 9999, 1, "uint16", None)),
        ("100.3", None, ("holding", 100, 1, "bit", 3)),
        ("40001", None, ("holding", 0, 1, "uint16", None)),
        ("40101", None, ("holding", 100, 1, "uint16", None)),
        ("400001", None, ("holding", 0, 1, "uint16", None)),
        ("465536", None, ("holding", 65535, 1, "uint16", None)),
        ("40001.5", None, ("holding", 0, 1, "bit", 5)),
        ("30010", None, ("input", 9, 1, "uint16", None)),
        ("300010.0", None, ("input", 9, 1, "bit", 0)),
        ("10001", None, ("discrete inputs", 0, 1, "bit", None)),
        ("100001", None, ("discrete inputs", 0, 1, "bit", None)),
        ("00001", None, ("coils", 0, 1, "bit", None)),
        ("000017", None, ("coils", 16, 1, "bit", None)),
    ],
)
def test_addresses_stand_there(
    address: str, type_: DataType | None, stands: tuple[Any, ...]
) -> None:
    at = place(Point(address, type_), PLAIN)
    assert (at.space.name, at.start, at.size, at.type, at.bit) == stands


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "hr:",
        "hr:-1",
        "hr:65536",
        "hr:100000",
        "hr:1.16",
        "hr 1",
        "40000",
        "00000",
        "400000",
        "465537",
        "20001",
        "90001",
        "4000001",
        "-1",
        "1.0.0",
        "coil:1.1",
        "10001.1",
        "40001.16",
        "0x10",
        "\u0664\u0660\u0660\u0660\u0661",
    ],
)
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(BadAddress) as caught:
        place(Point(address), PLAIN)
    assert caught.value.detail["address"] == address


def test_a_value_does_not_reach_beyond_the_last_register() -> None:
    with pytest.raises(BadAddress):
        place(Point("hr:65535", "uint32"), PLAIN)


@pytest.mark.parametrize(
    ("address", "type_"),
    [("coil:0", "uint16"), ("di:0", "byte"), ("hr:0", "bit"), ("hr:0.1", "uint16")],
)
def test_a_type_that_does_not_fit_is_named(address: str, type_: DataType) -> None:
    with pytest.raises(BadDeviceValue) as caught:
        place(Point(address, type_), PLAIN)
    assert caught.value.detail["address"] == address


@pytest.mark.parametrize(
    ("word_order", "byte_swap", "byteorder", "shown"),
    [
        ("big", False, None, "12345678"),
        ("little", False, None, "56781234"),
        ("big", True, None, "34127856"),
        ("little", True, None, "78563412"),
        ("big", False, "little", "56781234"),
        ("little", False, "big", "12345678"),
        ("big", True, "little", "78563412"),
    ],
)
def test_the_four_layouts(word_order: str, byte_swap: bool, byteorder: Any, shown: str) -> None:
    """``shown`` as registers go over the wire, high byte first."""
    chosen = completed(OPTIONS, {"word_order": word_order, "byte_swap": byte_swap})
    data = cells(place(Point("hr:0", "uint32", byteorder), chosen), 0x12345678)
    assert bytes((data[1], data[0], data[3], data[2])).hex() == shown


@pytest.mark.parametrize(
    ("address", "type_", "swap", "value", "masks"),
    [
        ("hr:0.0", None, False, 1, (0xFFFE, 0x0001)),
        ("hr:0.15", None, False, 1, (0x7FFF, 0x8000)),
        ("hr:0.3", None, False, 0, (0xFFF7, 0x0000)),
        ("hr:0", "byte", False, 0xA5, (0xFF00, 0x00A5)),
        ("hr:0.0", None, True, 1, (0xFEFF, 0x0100)),
        ("hr:0", "byte", True, 0xA5, (0x00FF, 0xA500)),
    ],
)
def test_parts_of_a_register_are_masked(
    address: str, type_: DataType | None, swap: bool, value: int, masks: tuple[int, int]
) -> None:
    at = place(Point(address, type_), completed(OPTIONS, {"byte_swap": swap}))
    assert mask(at, value) == masks


def requests(addresses: list[str]) -> list[str]:
    driver = Modbus(device("modbus"))
    places = [driver.place(Point(each)) for each in addresses]
    batches = driver.batches(merged(Need(n, at) for n, at in enumerate(places)))
    return [f"{s.space.name} {s.start}+{s.size}" for batch in batches for s in batch]


@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        (["hr:0", "hr:1", "40003"], ["holding 0+3"]),
        (["hr:0", "hr:17"], ["holding 0+18"]),
        (["hr:0", "hr:18"], ["holding 0+1", "holding 18+1"]),
        (["hr:0", "ir:1"], ["holding 0+1", "input 1+1"]),
        (["hr:0.1", "hr:0.2", "hr:0"], ["holding 0+1"]),
        (["coil:0", "coil:257"], ["coils 0+258"]),
        ([f"hr:{n}" for n in range(300)], ["holding 0+125", "holding 125+125", "holding 250+50"]),
        ([f"di:{n}" for n in range(2500)], ["discrete inputs 0+2000", "discrete inputs 2000+500"]),
    ],
)
def test_neighbours_are_read_together_within_the_limits(
    addresses: list[str], asked: list[str]
) -> None:
    assert requests(addresses) == asked


@pytest.mark.parametrize(
    "chosen", [{"framing": "ascii"}, {"word_order": "mid"}, {"byte_swap": 1}, {"unit": 3}]
)
def test_options_are_checked_before_anything_is_sent(chosen: dict[str, Any]) -> None:
    with pytest.raises(BadField) as caught:
        Modbus(device("modbus", options=chosen))
    assert list(caught.value.detail["fields"]) == [f"options.{next(iter(chosen))}"]
