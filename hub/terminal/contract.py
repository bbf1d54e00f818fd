"""What an agent is told and what it asks for; whoever runs one brings the mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

HOLD_S: Final = 15.0
"""So long a host counts as there after its agent said so."""
ANSWER_S: Final = 10.0
"""So long the hub waits for an agent's answer."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a grant allows. ``by`` is the key or the user that asked for it."""

    grant: str
    terminal: str
    by: str
    shell: bool
    presets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A browser's offer to begin a session, its grant checked and begun: nobody else has it.

    ``address`` is where it came from.
    """

    session: str
    sdp: str
    address: str
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one agent. ``idle_s`` counts from what last came from the browser, ``absolute_s`` from the
    beginning of a session; ``sessions`` is how many there are at once."""

    idle_s: float = 600.0
    absolute_s: float = 3600.0
    sessions: int = 8


class Mailbox(Protocol):
    """The way between an agent and the hub. Its methods may block, and raise HubError."""

    def hold(self) -> bool:
        """Say that the agent is there, for ``HOLD_S``; False while the host has another one."""

    def leave(self) -> None: ...

    def stands(self, by: str) -> bool:
        """Whether whoever asked for a grant could still do so."""

    def offers(self) -> list[Offer]:
        """What came in, each once; nothing while the host has another agent. What has no good
        grant was refused."""

    def answer(self, session: str, sdp: str) -> bool:
        """Answer an offer; False if nobody waits for it any more."""

    def refuse(self, session: str, reason: str) -> None: ...

    def note(self, action: str, facts: Mapping[str, Any]) -> None:
        """Append to the audit."""
