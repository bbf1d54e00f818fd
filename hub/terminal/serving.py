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

Facts = Mapping[str, Any]

CONNECT_S: Final = 30.0
"""So long a browser has to connect after it was answered."""
STAND_S: Final = 2.0
"""So often it is looked whether whoever asked for a running session's grant still could."""
AWAY: Final = "the hub cannot be reached"
AWAY_S: Final = 60.0
"""So long a session goes on while that cannot be looked at."""
AGAIN_S: Final = 2.0
"""After that what could not be brought into the audit is tried again."""


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
            begun = {"by": offer.allowed.by, "address": offer.address}
            await self._note(offer, "terminal.start", begun)
        except BadOffer as exc:
            await self.refuse(offer, str(exc))
        except HubError as exc:
            log.warning("a session cannot be begun: %s", exc.message)
        else:
            end = await self._begun(offer, peer, sdp)
            await peer.close()
            await self._ended(offer, end)
        finally:
            await peer.close()

    async def refuse(self, offer: Offer, reason: str) -> None:
        with suppress(HubError):
            await asyncio.to_thread(self.mailbox.refuse, offer.session, reason)

    async def _begun(self, offer: Offer, peer: Peer, sdp: str) -> Facts:
        """Serve a session that is in the audit; how it ended."""
        try:
            if not await asyncio.to_thread(self.mailbox.answer, offer.session, sdp):
                return {"reason": "nobody waited for the answer"}
            channel = await self._connected(peer)
            if channel is None:
                return {"reason": "the browser did not connect"}
            return await self._bridged(offer, peer, channel)
        except HubError as exc:
            log.warning("a session cannot be begun: %s", exc.message)
            return {"reason": AWAY}
        except Exception:
            log.exception("a session broke")
            return {"reason": "it broke"}

    async def _bridged(self, offer: Offer, peer: Peer, channel: Channel) -> Facts:
        async def note(action: str, facts: Facts) -> None:
            await self._note(offer, action, facts)

        bridge = Bridge(channel, offer.allowed, self.kit, note)
        channel.serve(bridge)
        watching = (
            asyncio.create_task(_ending(bridge, peer.lost, "connection lost")),
            asyncio.create_task(_ending(bridge, self.stopping, "the agent stops")),
            asyncio.create_task(self._standing(bridge, offer)),
        )
        try:
            reason = await bridge.run()
        finally:
            for task in watching:
                task.cancel()
        counts = {"received_bytes": bridge.received_bytes, "sent_bytes": bridge.sent_bytes}
        return {"reason": reason, **counts}

    async def _standing(self, bridge: Bridge, offer: Offer) -> None:
        """End a session whose key or user is gone, or is not to be looked at for long."""
        loop = asyncio.get_running_loop()
        seen = loop.time()
        while True:
            await asyncio.sleep(STAND_S)
            try:
                if not await asyncio.to_thread(self.mailbox.stands, offer.allowed.by):
                    bridge.end("revoked")
                seen = loop.time()
            except HubError:
                if loop.time() - seen > AWAY_S:
                    bridge.end(AWAY)

    async def _connected(self, peer: Peer) -> Channel | None:
        """The browser's channel; None if it does not open one in time."""
        others = [asyncio.create_task(each.wait()) for each in (peer.lost, self.stopping)]
        waiting: set[asyncio.Future[Any]] = {peer.channel, *others}
        await asyncio.wait(waiting, timeout=CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        return peer.channel.result() if peer.channel.done() else None

    async def _ended(self, offer: Offer, facts: Facts) -> None:
        """Bring the end into the audit, as soon as that can be; the last try is when it stops."""
        while True:
            last = self.stopping.is_set()
            try:
                await self._note(offer, "terminal.end", facts)
                return
            except HubError as exc:
                log.warning("the end of %s is not in the audit: %s", offer.session, exc.message)
            if last:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), AGAIN_S)

    async def _note(self, offer: Offer, action: str, facts: Facts) -> None:
        allowed = offer.allowed
        known = {"session": offer.session, "grant": allowed.grant, "terminal": allowed.terminal}
        await asyncio.to_thread(self.mailbox.note, action, known | dict(facts))


async def _ending(bridge: Bridge, event: asyncio.Event, reason: str) -> None:
    await event.wait()
    bridge.end(reason)
