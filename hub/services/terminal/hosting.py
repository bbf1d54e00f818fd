"""A host's side of the hub: its agent's mailbox."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import GrantExpired, Unauthorized
from hub.services.terminal.grants import Grant, Signing
from hub.services.terminal.standing import Standing
from hub.store.access.audit import Audit
from hub.store.system.terminal_grants import TerminalGrants
from hub.store.system.terminal_hosts import Host, TerminalHosts
from hub.store.system.terminal_sessions import Left, TerminalSessions
from hub.terminal.contract import HOLD_S, Allowed, Offer


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of terminals, and of those who may ask for them."""

    standing: Standing
    grants: TerminalGrants
    hosts: TerminalHosts
    sessions: TerminalSessions


class Hosting:
    """The mailbox of one agent of a host: see ``hub.terminal.contract.Mailbox``."""

    def __init__(self, host: Host, signing: Signing, kept: Kept, audit: Audit) -> None:
        self._host = host
        self._signing = signing
        self._kept = kept
        self._audit = audit
        self._holder = str(uuid.uuid4())

    def hold(self) -> bool:
        return self._kept.hosts.hold(self._host, self._holder, HOLD_S)

    def leave(self) -> None:
        self._kept.hosts.leave(self._host.id, self._holder)

    def stands(self, by: str) -> bool:
        return self._kept.standing.holds(by)

    def offers(self) -> list[Offer]:
        found: list[Offer] = []
        if not self._kept.hosts.is_held(self._host.id, self._holder):
            return found
        while taken := self._kept.sessions.take(self._host.id):
            if grant := self._granted(taken):
                found.append(Offer(taken.session, taken.sdp, taken.address, _allowed(grant)))
            else:
                self.refuse(taken.session, "the grant is not good")
        return found

    def answer(self, session: str, sdp: str) -> bool:
        return self._kept.sessions.settle(session, answer=sdp)

    def refuse(self, session: str, reason: str) -> None:
        self._kept.sessions.settle(session, refusal=reason)

    def note(self, action: str, facts: Mapping[str, Any]) -> None:
        self._audit.note(action, host=self._host.id, **facts)

    def _granted(self, taken: Left) -> Grant | None:
        """The grant of an offer, begun now; None if it is not good for it."""
        try:
            grant = self._signing.read(taken.token)
        except (Unauthorized, GrantExpired):
            return None
        good = grant.wish.host_id == self._host.id and self.stands(grant.subject)
        return grant if good and self._kept.grants.begin(grant.id, taken.session) else None


def _allowed(grant: Grant) -> Allowed:
    wish = grant.wish
    return Allowed(
        grant.id, wish.terminal_id, grant.subject, wish.interactive, wish.allowed_presets
    )
