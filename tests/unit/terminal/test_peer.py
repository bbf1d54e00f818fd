"""Offers of browsers: what is read of them."""

from __future__ import annotations

import pytest

from hub.terminal.peer import CANDIDATES_MAX, BadOffer, readable

MEDIA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"


def offer(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in ("v=0", MEDIA, *lines))


def candidate(host: str, port: str = "5000") -> str:
    return f"a=candidate:1 1 udp 1 {host} {port} typ host"


@pytest.mark.parametrize(
    "host",
    ["10.0.0.9", "203.0.113.5", "169.254.3.4", "fd00::2", "fe80::1", "2001:db8::1", "a-b.local"],
)
def test_candidates_of_machines_are_kept(host: str) -> None:
    assert readable(offer(candidate(host))) == offer(candidate(host))


@pytest.mark.parametrize(
    "line",
    [
        candidate("127.0.0.1"),
        candidate("::1"),
        candidate("::ffff:127.0.0.1"),
        candidate("0.0.0.0"),
        candidate("224.0.0.251"),
        candidate("ff02::1"),
        candidate("255.255.255.255"),
        candidate("example.org"),
        candidate("10.0.0.9", "0"),
        candidate("10.0.0.9", "65536"),
        candidate("10.0.0.9", "-5"),
        candidate("10.0.0.9", "\N{SUPERSCRIPT TWO}"),
        candidate("10.0.0.9", "x"),
        "a=candidate:1",
    ],
)
def test_candidates_that_are_nobody_are_left_out(line: str) -> None:
    assert readable(offer(line, "a=mid:0")) == offer("a=mid:0")


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "nonsense",
        "v=0\r\n",
        offer(MEDIA),
        offer("m=audio 9 UDP/TLS/RTP/SAVPF 0"),
        offer(*[candidate(f"10.0.0.{n}") for n in range(CANDIDATES_MAX + 1)]),
    ],
)
def test_what_is_no_offer_of_one_channel(sdp: str) -> None:
    with pytest.raises(BadOffer):
        readable(sdp)


def test_as_many_candidates_as_may_be() -> None:
    told = offer(*[candidate(f"10.0.0.{n}") for n in range(CANDIDATES_MAX)])
    assert readable(told) == told
