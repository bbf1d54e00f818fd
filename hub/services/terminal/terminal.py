"""Terminals as the hub sees them: grants are issued here, and browsers brought to hosts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hub.services.plant.fields import refused
from hub.services.terminal.grants import Grant, Signing, Wish
from hub.store.audit import Audit
from hub.store.terminal_grants import TerminalGrants
from hub.store.terminal_hosts import TerminalHosts
from hub.values import Principal

UNKNOWN: Final = "Is no preset of the host: {}."


class Terminal:
    def __init__(
        self, signing: Signing, grants: TerminalGrants, hosts: TerminalHosts, audit: Audit
    ) -> None:
        self._signing = signing
        self._grants = grants
        self._hosts = hosts
        self._audit = audit

    def grant(self, wish: Wish, principal: Principal) -> tuple[Grant, str]:
        """A new grant and its token.

        Raises:
            BadField: it would allow nothing, or what the host, if its agent is there, does not
                offer.
        """
        self._check(wish)
        grant, token = self._signing.made(wish, principal.key_id, datetime.now(UTC))
        self._grants.add(grant.id, grant.expires)
        self._audit.note(
            "terminal.grant",
            grant=grant.id,
            by=grant.subject,
            terminal=wish.terminal_id,
            host=wish.host_id,
            interactive=wish.interactive,
            presets=list(wish.allowed_presets),
            expires=grant.expires,
        )
        return grant, token

    def _check(self, wish: Wish) -> None:
        if not wish.interactive and not wish.allowed_presets:
            raise refused("allowed_presets", "Names one at least where it is not interactive.")
        host = self._hosts.get(wish.host_id)
        if host is None:
            return
        if wish.interactive and not host.shell:
            raise refused("interactive", "The host gives no shell.")
        for name in wish.allowed_presets:
            if name not in host.presets:
                raise refused("allowed_presets", UNKNOWN.format(name))
