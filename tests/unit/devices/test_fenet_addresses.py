"""FEnet addresses: what stands where, how it is asked for, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from hub.devices.contract import Point
from hub.devices.fenet.address import OPTIONS, Area, place
from hub.devices.fenet.driver import Fenet
from hub.devices.options import completed
from hub.devices.spans import Need, merged
from hub.errors import BadAddress, BadDeviceValue
from hub.values import DataType
from tests.devices import device


def found(address: str, type_: DataType | None = None, cpu: str = "xgk") -> tuple[Any, ...]:
    at = place(Point(address, type_), completed(OPTIONS, {"cpu": cpu}))
    area = at.space
    assert isinstance(area, Area)
    return area.letter, area.unit, at.start, at.size, at.type, at.bit


@pytest.mark.parametrize(
    ("address", "type_", "cpu", "stands"),
    [
        ("%MW100", None, "xgk", ("M", "B", 200, 2, "uint16", None)),
        ("MW100", None, "xgk", ("M", "B", 200, 2, "uint16", None)),
        ("%mw100", "int16", "xgk", ("M", "B", 200, 2, "int16", None)),
        ("%MX2764", None, "xgk", ("M", "B", 345, 1, "bit", 4)),
        ("%MW172.C", None, "xgk", ("M", "B", 345, 1, "bit", 4)),
        ("%MW172.12", "bit", "xgk", ("M", "B", 345, 1, "bit", 4)),
        ("%MB7", None, "xgk", ("M", "B", 7, 1, "byte", None)),
        ("%MB7", "fp32", "xgk", ("M", "B", 7, 4, "fp32", None)),
        ("%MD100", None, "xgk", ("M", "B", 400, 4, "uint32", None)),
        ("%MD100", "fp32", "xgk", ("M", "B", 400, 4, "fp32", None)),
        ("%ML60", None, "xgk", ("M", "B", 480, 8, "uint64", None)),
        ("%DW1234", None, "xgk", ("D", "B", 2468, 2, "uint16", None)),
        ("%DB2468", "uint16", "xgk", ("D", "B", 2468, 2, "uint16", None)),
        ("%DW100", "int32", "xgk", ("D", "B", 200, 4, "int32", None)),
        ("DB100", None, "xgk", ("D", "B", 100, 1, "byte", None)),
        ("%TX5", None, "xgk", ("T", "X", 5, 1, "bit", None)),
        ("%CW5", None, "xgb_mk", ("C", "W", 5, 1, "uint16", None)),
        ("%IX3", None, "xgi", ("I", "B", 0, 1, "bit", 3)),
        ("%QW3", None, "xgb_iec", ("Q", "B", 6, 2, "uint16", None)),
    ],
)
def test_addresses_stand_there(
    address: str, type_: DataType | None, cpu: str, stands: tuple[Any, ...]
) -> None:
    assert found(address, type_, cpu) == stands


@pytest.mark.parametrize(
    ("address", "cpu"),
    [
        ("", "xgk"),
        ("%", "xgk"),
        ("%M100", "xgk"),
        ("D100", "xgk"),
        ("%%MW1", "xgk"),
        ("%MW", "xgk"),
        ("%MZ1", "xgk"),
        ("%MW1A", "xgk"),
        ("%MW-1", "xgk"),
        ("%MW1.16", "xgk"),
        ("%MX1.1", "xgk"),
        ("%MD1.1", "xgk"),
        ("%TB1", "xgk"),
        ("%TW1.1", "xgk"),
        ("%IX1", "xgk"),
        ("%DW1", "xgi"),
        ("%ML999999999", "xgk"),
        ("%TW65536", "xgk"),
        ("\ufffdB100", "xgk"),
    ],
)
def test_what_is_no_address_is_named(address: str, cpu: str) -> None:
    with pytest.raises(BadAddress) as caught:
        found(address, cpu=cpu)
    assert caught.value.detail["address"] == address


@pytest.mark.parametrize(
    ("address", "type_"),
    [("%MX1", "uint16"), ("%MW1", "bit"), ("%MW1.1", "byte"), ("%TW1", "int32"), ("%TX1", "byte")],
)
def test_a_type_that_does_not_fit_is_named(address: str, type_: DataType) -> None:
    with pytest.raises(BadDeviceValue) as caught:
        found(address, type_)
    assert caught.value.detail["address"] == address


def requests(cpu: str, addresses: list[str]) -> list[list[str]]:
    driver = Fenet(device("fenet", cpu=cpu))
    places = [driver.place(Point(each)) for each in addresses]
    spans = merged(Need(n, at) for n, at in enumerate(places))
    return [[f"{s.space.name} {s.start}+{s.size}" for s in b] for b in driver.batches(spans)]


@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        (["%MW0", "%MW1"], [["M bytes 0+4"]]),
        (["%MW0", "%MW100"], [["M bytes 0+2", "M bytes 200+2"]]),
        (["%MW0", "%DW0"], [["D bytes 0+2", "M bytes 0+2"]]),
        (["%MW0", "%MB100"], [["M bytes 0+2"], ["M bytes 100+1"]]),
        (["%MX0", "%MX7"], [["M bytes 0+1"]]),
        (["%MD0", "%MW50"], [["M bytes 0+4"], ["M bytes 100+2"]]),
        (["%TW0", "%TW1"], [["T W 0+1", "T W 1+1"]]),
    ],
)
def test_runs_are_read_continuously_and_what_is_scattered_together(
    addresses: list[str], asked: list[list[str]]
) -> None:
    assert requests("xgk", addresses) == asked


def test_no_request_has_more_than_16_blocks() -> None:
    asked = requests("xgk", [f"%MW{100 * n}" for n in range(40)])
    assert [len(each) for each in asked] == [16, 16, 8]


@pytest.mark.parametrize(
    ("cpu", "runs"), [("xgk", ["0+1400", "1400+600"]), ("xgb_mk", ["0+256", "256+256"])]
)
def test_a_run_is_no_longer_than_the_family_takes(cpu: str, runs: list[str]) -> None:
    asked = requests(cpu, [f"%DW{n}" for n in range(1000)])
    assert [each[0].removeprefix("D bytes ") for each in asked][:2] == runs
