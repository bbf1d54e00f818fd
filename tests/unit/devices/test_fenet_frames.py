"""FEnet on the wire: the frames of the reference, byte for byte."""

from __future__ import annotations

import pytest

from hub.devices.fenet import frames
from hub.devices.fenet.frames import Ask, Line
from hub.errors import DeviceGarbled, DeviceRefused

LINE = Line("xgk", 0, 0)
COMPANY = "4c5349532d5847540000" + "0000" + "a0"
READ_WORD = frames.read("W", ["%MW100"], 2)
RUN = frames.read_run("%MB200", 4)


@pytest.mark.parametrize(
    ("ask", "golden"),
    [
        (READ_WORD, "1000003e" + "540002000000010006002" + "54d57313030"),
        (
            frames.write("W", "%MW100", b"\x34\x12"),
            "14000042" + "58000200000001000600254d57313030" + "02003412",
        ),
        (
            frames.write("X", "%MX5", b"\x01"),
            "1100003f" + "58000000000001000400254d5835" + "010001",
        ),
        (RUN, "12000040" + "54001400000001000600254d42323030" + "0400"),
        (
            frames.write("run", "%MB200", b"\x01\x02\x03\x04"),
            "16000044" + "58001400000001000600254d42323030" + "0400" + "01020304",
        ),
    ],
)
def test_requests_are_the_golden_frames(ask: Ask, golden: str) -> None:
    assert frames.request(LINE, ask.body, 0).hex() == COMPANY + "33" + "0000" + golden


def answer(ask: Ask, hex_: str) -> list[bytes]:
    """The blocks of an answer as the driver takes it apart."""
    whole = bytes.fromhex(hex_)
    head, rest = whole[: frames.HEAD.size], whole[frames.HEAD.size :]
    assert frames.length(head) == len(rest)
    return frames.outcome(ask, rest)


def test_the_golden_answer_has_the_word() -> None:
    golden = COMPANY + "11" + "0000" + "0e00001a" + "5500020000000000" + "0100" + "0200" + "3412"
    assert answer(READ_WORD, golden) == [b"\x34\x12"]


def test_several_blocks_come_in_order() -> None:
    ask = frames.read("W", ["%MW1", "%MW2"], 2)
    rest = bytes.fromhex("5500020000000000" + "0200" + "0200aabb" + "0200ccdd")
    assert frames.outcome(ask, rest) == [b"\xaa\xbb", b"\xcc\xdd"]


def test_a_module_elsewhere_is_addressed_by_base_and_slot() -> None:
    head = frames.request(Line("xgi", 2, 5), b"", 0x1234)[:20]
    assert (head[12], head[14:16], head[18]) == (0xA4, b"\x34\x12", 0x25)


@pytest.mark.parametrize("refused", ["ffff", "ff00"])
@pytest.mark.parametrize("code", ["04", "0400", "0412"])
def test_a_refusal_names_its_code_in_every_form(refused: str, code: str) -> None:
    with pytest.raises(DeviceRefused, match="beyond the last") as caught:
        frames.outcome(READ_WORD, bytes.fromhex("550002000000" + refused + code))
    assert caught.value.detail["device_code"] == "0x04"


def test_a_refusal_of_an_unknown_code_still_names_it() -> None:
    with pytest.raises(DeviceRefused) as caught:
        frames.outcome(READ_WORD, bytes.fromhex("550002000000ffff5100"))
    assert caught.value.detail["device_code"] == "0x51"


@pytest.mark.parametrize(
    "rest",
    [
        "5500020000000000",
        "550002000000",
        "550002000000000001",
        "59000200000000000100",
        "5500020000000000" + "0100" + "0200" + "34",
        "5500020000000000" + "0100" + "0200" + "341200",
        "5500020000000000" + "0100" + "0400" + "34120000",
        "5500020000000000" + "0200" + "0200" + "3412",
        "5500020000000000" + "0000",
    ],
)
def test_an_answer_that_does_not_fit_is_garbled(rest: str) -> None:
    with pytest.raises(DeviceGarbled):
        frames.outcome(READ_WORD, bytes.fromhex(rest))


GOOD = COMPANY + "11" + "0000" + "0e0000" + "1a"


@pytest.mark.parametrize(
    "head",
    [
        GOOD.replace("4c53", "4c54"),
        COMPANY + "33" + "0000" + "0e0000" + "1a",
        GOOD[:-2] + "1b",
    ],
)
def test_a_head_that_is_none_is_garbled(head: str) -> None:
    with pytest.raises(DeviceGarbled):
        frames.length(bytes.fromhex(head))


@pytest.mark.parametrize("check", ["1a", "00"])
def test_the_checksum_of_an_answer_may_be_left_out(check: str) -> None:
    assert frames.length(bytes.fromhex(GOOD[:-2] + check)) == 14
