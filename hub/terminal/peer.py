"""The browser's end: a connection of WebRTC with one data channel, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
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

CANDIDATES_MAX: Final = 64
FLUSH_S: Final = 2.0
"""So long the last messages have to be sent."""
GONE: Final = ("failed", "closed")


class BadOffer(Exception):
    """An offer that is not taken; the sentence says why."""


class Peer:
    """Its ``channel`` is done once the browser has opened one; ``lost`` when it is gone."""

    def __init__(self, servers: Sequence[RTCIceServer]) -> None:
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
        _check(sdp)
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            answer = await self._connection.createAnswer()
            await self._connection.setLocalDescription(answer)
        except Exception as exc:  # the library raises whatever it stumbles over
            raise BadOffer("the offer cannot be read") from exc
        return str(self._connection.localDescription.sdp)

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


def _check(sdp: str) -> None:
    lines = sdp.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=application "):
        raise BadOffer("the offer is not of one data channel")
    if sum(line.startswith("a=candidate:") for line in lines) > CANDIDATES_MAX:
        raise BadOffer(f"the offer has more than {CANDIDATES_MAX} candidates")
