"""MELSEC on the wire: the frames of the reference, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from hub.devices.contract import Point
from hub.devices.melsec import frames
from hub.devices.melsec.address import OPTIONS, place
from hub.devices.melsec.frames import Command, Line
from hub.devices.options import completed
from hub.errors import DeviceGarbled, DeviceRefused

Q = Line("3E", 0, 255, 1023, 0, long_form=False)
Q4E = Line("4E", 0, 255, 1023, 0, long_form=False)
IQR = Line("3E", 0, 255, 1023, 0, long_form=True)
HEAD = "500000ffff0300"
ANSWER = "d00000ffff0300"


def read(address: str, size: int, line: Line = Q, **chosen: Any) -> str:
    at = place(Point(address), completed(OPTIONS, chosen))
    command = frames.read(line, at.space, at.start, size)  # type: ignore[arg-type]
    return frames.request(line, command, timer=4).hex()


def write(address: str, cells: str) -> str:
    at = place(Point(address), completed(OPTIONS, {}))
    command = frames.write(Q, at.space, at.start, bytes.fromhex(cells))  # type: ignore[arg-type]
    return frames.request(Q, command, timer=4).hex()


@pytest.mark.parametrize(
    ("made", "golden"),
    [
        (read("D100", 2), HEAD + "0c00040001040000640000a80200"),
        (read("M100", 3), HEAD + "0c00040001040100640000900300"),
        (read("W1A", 1), HEAD + "0c000400010400001a0000b40100"),
        (read("D100", 1, Q4E), "54000000000000ffff03000c00040001040000640000a80100"),
        (read("D100", 1, IQR, series="iqr"), HEAD + "0e0004000104020064000000a8000100"),
        (write("D100", "95190212"), HEAD + "1000040001140000640000a8020095190212"),
        (write("M100", "0101000001"), HEAD + "0f00040001140100640000900500110010"),
    ],
)
def test_requests_are_the_golden_frames(made: str, golden: str) -> None:
    assert made == golden


def test_an_address_of_bits_can_be_read_as_words() -> None:
    at = place(Point("X1F", "uint16"), completed(OPTIONS, {}))
    command = frames.read(Q, at.space, at.start, at.size)  # type: ignore[arg-type]
    assert frames.request(Q, command, timer=4).hex() == HEAD + "0c000400010400001f00009c0100"


def answer(command: Command, hex_: str, line: Line = Q, serial: int = 0) -> bytes:
    """The data of an answer as the driver takes it apart."""
    whole = bytes.fromhex(hex_)
    head, rest = whole[: line.head_bytes], whole[line.head_bytes :]
    assert frames.length(line, head, serial) == len(rest)
    return frames.outcome(command, rest)


def test_words_of_the_golden_answer() -> None:
    command = Command(frames.READ, 0, b"", 4)
    assert answer(command, ANSWER + "0600000034120200").hex() == "34120200"


def test_bits_of_the_golden_answer() -> None:
    command = Command(frames.READ, 1, b"", 2)
    assert frames.bits(answer(command, ANSWER + "040000001010"), 3) == bytes((1, 0, 1))


def test_a_write_is_confirmed_by_the_golden_answer() -> None:
    assert answer(Command(frames.WRITE, 0, b""), ANSWER + "02000000") == b""


def test_the_golden_refusal_names_its_code() -> None:
    with pytest.raises(DeviceRefused, match="beyond the last") as caught:
        answer(Command(frames.READ, 0, b"", 2), ANSWER + "0b0056c000ffff030001040000")
    assert caught.value.detail["device_code"] == "0xC056"


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("500000ffff03000400", Q),
        ("d00001ffff03000400", Q),
        ("d00000feff03000400", Q),
        ("d00000ffff03000100", Q),
        ("d40000000000" + "00ffff0300" + "0100", Q4E),
        ("d40000000100" + "00ffff0300" + "0400", Q4E),
    ],
)
def test_a_head_that_is_none_is_garbled(head: str, line: Line) -> None:
    with pytest.raises(DeviceGarbled):
        frames.length(line, bytes.fromhex(head), 0)


def test_an_answer_to_another_request_is_passed_over() -> None:
    head = bytes.fromhex("d40005000000" + "00ffff0300" + "0400")
    assert frames.length(Q4E, head, 6) is None


@pytest.mark.parametrize("rest", ["00003412", "000034123412341234", "0000"])
def test_an_answer_of_another_length_is_garbled(rest: str) -> None:
    with pytest.raises(DeviceGarbled):
        frames.outcome(Command(frames.READ, 0, b"", 4), bytes.fromhex(rest))


def test_a_bit_that_is_neither_0_nor_1_is_garbled() -> None:
    with pytest.raises(DeviceGarbled):
        frames.bits(b"\x12", 2)


@pytest.mark.parametrize(("timeout_s", "units"), [(1.0, 4), (0.1, 1), (60.0, 240), (1.1, 4)])
def test_a_controller_gives_up_no_later_than_the_hub(timeout_s: float, units: int) -> None:
    assert frames.timer(timeout_s) == units
