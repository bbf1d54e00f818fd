"""MELSEC addresses: what stands where, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from hub.devices.contract import Point
from hub.devices.melsec.address import OPTIONS, Area, place
from hub.devices.melsec.driver import Melsec
from hub.devices.options import completed
from hub.devices.spans import Need, merged
from hub.errors import BadAddress, BadDeviceValue, BadField
from hub.values import DataType
from tests.devices import device


def found(address: str, type_: DataType | None = None, **chosen: Any) -> tuple[Any, ...]:
    """The code on the wire, the device number, cells, their kind, the type, the bit."""
    at = place(Point(address, type_), completed(OPTIONS, chosen))
    area = at.space
    assert isinstance(area, Area)
    return area.memory.code, area.number(at.start), at.size, area.cells, at.type, at.bit


@pytest.mark.parametrize(
    ("address", "type_", "chosen", "stands"),
    [
        ("D100", None, {}, (0xA8, 100, 1, "words", "uint16", None)),
        ("d100", "int32", {}, (0xA8, 100, 2, "words", "int32", None)),
        (" D16000 ", "fp64", {}, (0xA8, 16000, 4, "words", "fp64", None)),
        ("D100", "byte", {}, (0xA8, 100, 1, "words", "byte", None)),
        ("D100.5", None, {}, (0xA8, 100, 1, "words", "bit", 5)),
        ("D100.15", "bit", {}, (0xA8, 100, 1, "words", "bit", 15)),
        ("D100.F", None, {}, (0xA8, 100, 1, "words", "bit", 15)),
        ("D100.A", None, {}, (0xA8, 100, 1, "words", "bit", 10)),
        ("M0", None, {}, (0x90, 0, 1, "bits", "bit", None)),
        ("M20", "uint16", {}, (0x90, 20, 1, "words", "uint16", None)),
        ("M5", "uint32", {}, (0x90, 5, 2, "words", "uint32", None)),
        ("X1F", None, {}, (0x9C, 0x1F, 1, "bits", "bit", None)),
        ("X0A", None, {}, (0x9C, 0x0A, 1, "bits", "bit", None)),
        ("Y100", None, {"xy_radix": "oct"}, (0x9D, 0x40, 1, "bits", "bit", None)),
        ("W1A", None, {}, (0xB4, 0x1A, 1, "words", "uint16", None)),
        ("SD10", None, {}, (0xA9, 10, 1, "words", "uint16", None)),
        ("SB1F", None, {}, (0xA1, 0x1F, 1, "bits", "bit", None)),
        ("SW1F", None, {}, (0xB5, 0x1F, 1, "words", "uint16", None)),
        ("DX10", None, {}, (0xA2, 0x10, 1, "bits", "bit", None)),
        ("ZR10", None, {}, (0xB0, 10, 1, "words", "uint16", None)),
        ("ZR10", None, {"zr_radix": "hex"}, (0xB0, 16, 1, "words", "uint16", None)),
        ("R10", None, {}, (0xAF, 10, 1, "words", "uint16", None)),
        ("Z3", None, {}, (0xCC, 3, 1, "words", "uint16", None)),
        ("STN4", None, {}, (0xC8, 4, 1, "words", "uint16", None)),
        ("TS4", None, {}, (0xC1, 4, 1, "bits", "bit", None)),
        ("STC4", "bit", {}, (0xC6, 4, 1, "bits", "bit", None)),
        ("RD70000", None, {"series": "iqr"}, (0x2C, 70000, 1, "words", "uint16", None)),
        ("LTN5", None, {"series": "iqr"}, (0x52, 5, 1, "dwords", "uint32", None)),
        ("LCS5", None, {"series": "iqr"}, (0x55, 5, 1, "bits", "bit", None)),
    ],
)
def test_addresses_stand_there(
    address: str, type_: DataType | None, chosen: dict[str, Any], stands: tuple[Any, ...]
) -> None:
    assert found(address, type_, **chosen) == stands


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        ("", {}),
        ("D", {}),
        ("100", {}),
        ("XA", {}),
        ("Q10", {}),
        ("D10A", {}),
        ("Y8", {"xy_radix": "oct"}),
        ("D-1", {}),
        ("D100.16", {}),
        ("D100.", {}),
        ("D100.1.2", {}),
        ("M0.1", {}),
        ("TN1,2", {}),
        ("D16777216", {}),
        ("RD1", {}),
        ("LTN1", {"series": "iqf"}),
        ("D\u0661\u0662", {}),
        ("D100/2", {}),
    ],
)
def test_what_is_no_address_is_named(address: str, chosen: dict[str, Any]) -> None:
    with pytest.raises(BadAddress) as caught:
        found(address, **chosen)
    assert caught.value.detail["address"] == address


@pytest.mark.parametrize(
    ("address", "type_", "chosen"),
    [
        ("D100", "bit", {}),
        ("D100.1", "uint16", {}),
        ("TS1", "uint16", {}),
        ("LTN1", "uint16", {"series": "iqr"}),
        ("LZ1", "fp64", {"series": "iqr"}),
    ],
)
def test_a_type_that_does_not_fit_is_named(
    address: str, type_: DataType, chosen: dict[str, Any]
) -> None:
    with pytest.raises(BadDeviceValue) as caught:
        found(address, type_, **chosen)
    assert caught.value.detail["address"] == address


def requests(driver: Melsec, points: list[tuple[str, DataType | None]]) -> list[list[str]]:
    """The spans of each request that reads some points."""
    places = [driver.place(Point(*each)) for each in points]
    spans = merged(Need(n, at) for n, at in enumerate(places))
    return [[f"{s.space.name} {s.start}+{s.size}" for s in b] for b in driver.batches(spans)]


@pytest.mark.parametrize(
    ("points", "asked"),
    [
        ([("D0", None), ("D10", None)], [["D words 0+11"]]),
        ([("D0", None), ("D500", None)], [["D words 0+1", "D words 500+1"]]),
        ([("D0", None), ("W1", None)], [["D words 0+1", "W words 1+1"]]),
        ([("D0", None), ("M0", None)], [["M bits 0+1"], ["D words 0+1"]]),
        ([("M0", None), ("M200", None)], [["M bits 0+201"]]),
        ([("M0", "uint16"), ("M16", "uint16")], [["M+0 words 0+2"]]),
        ([("M0", "uint16"), ("M5", "uint16")], [["M+0 words 0+1"], ["M+5 words 0+1"]]),
    ],
)
def test_scattered_words_share_a_request_and_neighbours_a_span(
    points: list[tuple[str, DataType | None]], asked: list[list[str]]
) -> None:
    assert requests(Melsec(device("melsec")), points) == asked


@pytest.mark.parametrize(("series", "most"), [("q", 192), ("iqr", 96)])
def test_a_random_read_stays_within_the_limit_of_its_series(series: str, most: int) -> None:
    points: list[tuple[str, DataType | None]] = [(f"D{100 * n}", None) for n in range(200)]
    asked = requests(Melsec(device("melsec", series=series)), points)
    assert len(asked[0]) == most


def test_a_long_row_is_read_in_chunks() -> None:
    points: list[tuple[str, DataType | None]] = [(f"D{n}", None) for n in range(2000)]
    asked = requests(Melsec(device("melsec")), points)
    assert asked == [["D words 0+960"], ["D words 960+960"], ["D words 1920+80"]]


@pytest.mark.parametrize(
    ("chosen", "name"),
    [({"frame": "1E"}, "frame"), ({"pc": 256}, "pc"), ({"pc": True}, "pc"), ({"x": 1}, "x")],
)
def test_options_are_checked_before_anything_is_sent(chosen: dict[str, Any], name: str) -> None:
    with pytest.raises(BadField) as caught:
        Melsec(device("melsec", **chosen))
    assert list(caught.value.detail["fields"]) == [f"options.{name}"]
