"""The browser's end: a connection of WebRTC with one data channel, and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final

from aiortc import (
    InvalidStateError,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)

from hub.terminal.bridge import LOW_BYTES, Bridge

log = logging.getLogger(__name__)

CANDIDATE: Final = "a=candidate:"
CANDIDATES_MAX: Final = 32
"""To each of them something is sent."""
FLUSH_S: Final = 2.0
"""So long the last messages have to be sent."""
GONE: Final = ("failed", "closed")


class BadOffer(Exception):
    """An offer that is not taken; the sentence says why."""


class Peer:
    """Its ``channel`` is done once the browser has opened one; ``lost`` when it is gone."""

    def __init__(self, servers: Sequence[RTCIceServer]) -> None:
        self._helped = bool(servers)
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(servers)))
        loop = asyncio.get_running_loop()
        self.channel: asyncio.Future[Channel] = loop.create_future()
        self.lost = asyncio.Event()
        self._connection.on("datachannel", self._opened)
        self._connection.on("connectionstatechange", self._changed)

    async def answered(self, sdp: str) -> str:
        """The answer to an offer.

        Raises:
            BadOffer: it asks for more or other things than a data channel, or cannot be read.
        """
        offer = RTCSessionDescription(readable(sdp), "offer")
        try:
            await self._connection.setRemoteDescription(offer)
            answer = await self._connection.createAnswer()
            await self._connection.setLocalDescription(answer)
        except Exception as exc:  # the library raises whatever it stumbles over
            raise BadOffer("the offer cannot be read") from exc
        told = str(self._connection.localDescription.sdp)
        if self._helped and not any(f" typ {kind}" in told for kind in ("srflx", "relay")):
            log.warning("no STUN or TURN server helps: it does not answer, or refuses")
        return told

    async def close(self) -> None:
        """Let what was sent go out, and close."""
        if self.channel.done() and not self.channel.cancelled():
            await self.channel.result().flushed()
        self.channel.cancel()
        await asyncio.shield(self._connection.close())  # it breaks when it is cancelled

    def _opened(self, channel: RTCDataChannel) -> None:
        if self.channel.done():
            channel.close()
        else:
            self.channel.set_result(Channel(channel))

    def _changed(self) -> None:
        if self._connection.connectionState in GONE:
            self.lost.set()


class Channel:
    """A wire for a bridge."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        self._channel.bufferedAmountLowThreshold = LOW_BYTES

    @property
    def waiting_bytes(self) -> int:
        return int(self._channel.bufferedAmount)

    def send(self, message: str | bytes) -> None:
        with suppress(InvalidStateError, ConnectionError):
            self._channel.send(message)

    def serve(self, bridge: Bridge) -> None:
        """Bring what comes from the browser to a bridge."""
        listeners: dict[str, Any] = {
            "message": bridge.receive,
            "bufferedamountlow": bridge.room,
            "close": lambda: bridge.end("closed"),
        }
        for event, listener in listeners.items():
            self._channel.on(event, listener)
        if self._channel.readyState != "open":
            bridge.end("closed")

    async def flushed(self) -> None:
        """Wait until everything is sent, for a bounded time."""
        until = asyncio.get_running_loop().time() + FLUSH_S
        while self._channel.readyState == "open" and self.waiting_bytes:
            if asyncio.get_running_loop().time() > until:
                return
            await asyncio.sleep(0.01)


def readable(sdp: str) -> str:
    """An offer without the candidates that nobody can be at: what is told there is sent to.

    Raises:
        BadOffer: it asks for more or other things than a data channel, or has too many candidates.
    """
    lines = sdp.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=application "):
        raise BadOffer("the offer is not of one data channel")
    if sum(line.startswith(CANDIDATE) for line in lines) > CANDIDATES_MAX:
        raise BadOffer(f"the offer has more than {CANDIDATES_MAX} candidates")
    kept = (line for line in lines if not line.startswith(CANDIDATE) or _somewhere(line))
    return "".join(f"{line}\r\n" for line in kept)


def _somewhere(candidate: str) -> bool:
    """Whether a candidate is a port of one machine that need not be the host itself."""
    words = candidate.split()
    if len(words) < 8 or not words[5].isascii() or not words[5].isdigit():
        return False
    if not 0 < int(words[5]) < 65_536:
        return False
    try:
        found = ip_address(words[4])
    except ValueError:
        return words[4].endswith(".local")
    none = found.is_loopback or found.is_multicast or found.is_unspecified or found.is_reserved
    return not none
