"""Terminals as the hub sees them: grants are issued here, and browsers brought to hosts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Final

from hub.errors import GrantUsed, NotFound, TerminalRefused, TerminalTimeout, Unauthorized
from hub.services.permits import Allowance, Permits
from hub.services.plant.fields import refused
from hub.services.terminal.grants import Grant, Signing, Wish
from hub.services.terminal.hosting import Hosting, Kept
from hub.store.access.audit import Audit
from hub.store.system.terminal_hosts import Host
from hub.store.system.terminal_sessions import Left, Outcome
from hub.terminal.contract import ANSWER_S
from hub.values import Principal

AT_ONCE: Final = Allowance(total=4, per_key=2, heavy=4, wait_s=2.0)
"""Of one process, by host: whoever waits for an answer holds a thread of it."""
LOOK_S: Final = 0.1
UNKNOWN: Final = "Is no preset of the host: {}."


class Terminal:
    def __init__(self, signing: Signing, kept: Kept, audit: Audit) -> None:
        self._signing = signing
        self._kept = kept
        self._audit = audit
        self._permits = Permits(AT_ONCE)

    def grant(self, wish: Wish, principal: Principal, address: str) -> tuple[Grant, str]:
        """A new grant and its token; ``address`` is where it is asked for, for the audit.

        Raises:
            BadField: it would allow nothing, or what the host, if its agent is there, does not
                offer.
        """
        self._check(wish)
        grant, token = self._signing.made(wish, principal.key_id, datetime.now(UTC))
        self._kept.grants.add(grant.id, grant.expires)
        self._audit.note(
            "terminal.grant",
            grant=grant.id,
            by=grant.subject,
            address=address,
            terminal=wish.terminal_id,
            host=wish.host_id,
            interactive=wish.interactive,
            presets=list(wish.allowed_presets),
            expires=grant.expires,
        )
        return grant, token

    def connect(self, token: str, sdp: str, address: str) -> tuple[str, str]:
        """Bring a browser's offer from an address to its host: the session, and the answer.

        Raises:
            Unauthorized: the token is no grant of this hub, or whoever asked for it could not
                any more.
            GrantExpired: its time is over.
            NotFound: the host has no agent now; the grant is still good.
            GrantUsed: it was used.
            TerminalRefused: the agent does not take the offer.
            TerminalTimeout: it does not answer.
            TooMany: too many wait for answers.
        """
        grant = self._signing.read(token)
        if not self._kept.standing.holds(grant.subject):
            raise Unauthorized("whoever asked for this grant may not do so any more")
        host = grant.wish.host_id
        if self._kept.hosts.get(host) is None:
            raise NotFound("no agent is there for the host", host=host)
        release = self._permits.take(host, heavy=False)
        try:
            session = str(uuid.uuid4())
            if not self._kept.grants.spend(grant.id, session):
                raise GrantUsed("the grant was used", grant=grant.id)
            return session, self._answered(Left(session, host, token, sdp, address))
        finally:
            release()

    def hosting(self, host: str, *, shell: bool, presets: tuple[str, ...]) -> Hosting:
        """The mailbox for an agent of a host, and what it offers."""
        return Hosting(Host(host, shell, presets), self._signing, self._kept, self._audit)

    def _answered(self, left: Left) -> str:
        """The agent's answer to an offer that is left for it."""
        sessions = self._kept.sessions
        sessions.add(left)
        try:
            outcome = self._awaited(left.session)
        finally:
            sessions.remove(left.session)
        if outcome is None:
            raise TerminalTimeout("the host did not answer in time", host=left.host)
        if outcome.answer is None:
            raise TerminalRefused("the host does not take the offer", reason=outcome.refusal)
        return outcome.answer

    def _awaited(self, session: str) -> Outcome | None:
        until = monotonic() + ANSWER_S
        while (outcome := self._kept.sessions.outcome(session)) is None and monotonic() < until:
            sleep(LOOK_S)
        return outcome

    def _check(self, wish: Wish) -> None:
        if not wish.interactive and not wish.allowed_presets:
            raise refused("allowed_presets", "Names one at least where it is not interactive.")
        host = self._kept.hosts.get(wish.host_id)
        if host is None:
            return
        if wish.interactive and not host.shell:
            raise refused("interactive", "The host gives no shell.")
        for name in wish.allowed_presets:
            if name not in host.presets:
                raise refused("allowed_presets", UNKNOWN.format(name))
