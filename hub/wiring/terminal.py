"""Terminals: their grants, their hosts, and the way between them."""

from __future__ import annotations

from hub.services.terminal.grants import Signing
from hub.services.terminal.hosting import Kept
from hub.services.terminal.standing import Standing
from hub.services.terminal.terminal import Terminal
from hub.store.access.keys import Keys
from hub.store.access.users import Users
from hub.store.system.licences import Licences
from hub.store.system.terminal_grants import TerminalGrants
from hub.store.system.terminal_hosts import TerminalHosts
from hub.store.system.terminal_sessions import TerminalSessions
from hub.wiring.ground import Ground


def terminal(ground: Ground) -> Terminal:
    mongo = ground.mongo
    signing = Signing(
        ground.derived(b"hub-terminal"),
        Licences(mongo).instance,
        ground.settings.terminal_grant_s,
    )
    standing = Standing(Keys(mongo), Users(mongo))
    kept = Kept(standing, TerminalGrants(mongo), TerminalHosts(mongo), TerminalSessions(mongo))
    return Terminal(signing, kept, ground.notes)
