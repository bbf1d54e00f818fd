"""One session from its offer to its end, with its entries in the audit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiortc import RTCIceServer

from hub.errors import HubError
from hub.terminal.bridge import Bridge, Kit
from hub.terminal.contract import Mailbox, Offer
from hub.terminal.peer import BadOffer, Channel, Peer

log = logging.getLogger(__name__)

CONNECT_S: Final = 30.0
"""So long a browser has to connect after it was answered."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What the sessions of an agent share; all of them end when it is ``stopping``."""

    mailbox: Mailbox
    kit: Kit
    servers: Sequence[RTCIceServer]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, offer: Offer) -> None:
        """One session; whatever fails, only it ends. Not to be cancelled but by ``stopping``."""
        peer = Peer(self.servers)
        try:
            sdp = await peer.answered(offer.sdp)
            await self._note(offer, "terminal.start", {"by": offer.allowed.by})
            if await asyncio.to_thread(self.mailbox.answer, offer.session, sdp):
                await self._bridged(offer, peer)
            else:
                await self._ended(offer, "nobody waited for the answer")
        except BadOffer as exc:
            await self.refuse(offer, str(exc))
        except HubError as exc:
            log.warning("a session cannot be begun: %s", exc.message)
        except Exception:
            log.exception("a session broke")
        finally:
            await peer.close()

    async def refuse(self, offer: Offer, reason: str) -> None:
        with suppress(HubError):
            await asyncio.to_thread(self.mailbox.refuse, offer.session, reason)

    async def _bridged(self, offer: Offer, peer: Peer) -> None:
        channel = await self._connected(peer)
        if channel is None:
            await self._ended(offer, "the browser did not connect")
            return

        async def note(action: str, facts: Mapping[str, Any]) -> None:
            await self._note(offer, action, facts)

        bridge = Bridge(channel, offer.allowed, self.kit, note)
        channel.serve(bridge)
        watching = (
            asyncio.create_task(_ending(bridge, peer.lost, "connection lost")),
            asyncio.create_task(_ending(bridge, self.stopping, "the agent stops")),
        )
        try:
            reason = await bridge.run()
        finally:
            for task in watching:
                task.cancel()
        counts = {"received_bytes": bridge.received_bytes, "sent_bytes": bridge.sent_bytes}
        await self._ended(offer, reason, **counts)

    async def _connected(self, peer: Peer) -> Channel | None:
        """The browser's channel; None if it does not open one in time."""
        others = [asyncio.create_task(each.wait()) for each in (peer.lost, self.stopping)]
        waiting: set[asyncio.Future[Any]] = {peer.channel, *others}
        await asyncio.wait(waiting, timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        return peer.channel.result() if peer.channel.done() else None

    async def _ended(self, offer: Offer, reason: str, **facts: Any) -> None:
        try:
            await self._note(offer, "terminal.end", {"reason": reason, **facts})
        except HubError as exc:
            log.warning("the end of %s is not in the audit: %s", offer.session, exc.message)

    async def _note(self, offer: Offer, action: str, facts: Mapping[str, Any]) -> None:
        allowed = offer.allowed
        known = {"session": offer.session, "grant": allowed.grant, "terminal": allowed.terminal}
        await asyncio.to_thread(self.mailbox.note, action, known | dict(facts))


async def _ending(bridge: Bridge, event: asyncio.Event, reason: str) -> None:
    await event.wait()
    bridge.end(reason)
