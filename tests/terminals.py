"""Terminals for tests: a browser's end of a session, and what comes through it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

PATIENCE_S = 120.0


class Browser:
    """A peer with one data channel. ``printed`` is what came as bytes, ``said`` as messages."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.connection.createDataChannel("terminal")
        self.printed = bytearray()
        self.said: list[dict[str, Any]] = []
        self.channel.on("message", self._heard)

    async def offer(self) -> dict[str, str]:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        local = self.connection.localDescription
        return {"type": local.type, "sdp": local.sdp}

    async def connect(self, answer: dict[str, str]) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(**answer))
        await self.until(lambda: bool(self.told("hello")), "the session begins")

    def told(self, name: str) -> list[Any]:
        """The values of all messages of a name."""
        return [said[name] for said in self.said if name in said]

    def tell(self, **said: Any) -> None:
        self.channel.send(json.dumps(said))

    def type(self, text: str) -> None:
        self.channel.send(text.encode())

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{what}; {self.said} {bytes(self.printed[-500:])!r}") from None

    async def prints(self, text: str) -> None:
        await self.until(lambda: text.encode() in self.printed, f"it prints {text}")

    async def ends(self) -> str:
        """Why the session ended."""
        await self.until(lambda: bool(self.told("end")), "the session ends")
        return str(self.told("end")[0]["reason"])

    def _heard(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self.printed += message
        else:
            self.said.append(json.loads(message))
