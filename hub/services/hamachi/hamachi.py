"""Hamachi: how the machine's client stands, and the networks that it joins and leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from hub.errors import Conflict, HamachiError, NotFound
from hub.hamachi import client
from hub.hamachi.parsing import Network, Outcome, Status
from hub.services.permits import Allowance, Permits
from hub.services.plant.fields import refused
from hub.store.access.audit import Audit
from hub.values import Principal

AT_ONCE: Final = Allowance(total=4, per_key=2, heavy=4, wait_s=2.0)
"""Of one process: a call holds a thread of it, also while it waits for its turn."""
WORDS_MAX: Final = 64
PENDING: Final = "request sent"
UNKNOWN: Final = ("network not found", "not found")
WRONG_PASSWORD: Final = "invalid password"
CONFLICTS: Final = {
    "the network is full": ("full", "the network is full"),
    "network is locked": ("locked", "the network is locked"),
    "you are already a member": ("already_member", "this machine is in the network already"),
    "you are an owner": ("owner", "the network is this machine's own"),
}
"""What the program says, by the hub's name for it and its sentence."""
T = TypeVar("T")


def is_name(text: str) -> bool:
    """Whether it can be the name of a network, or a password: 1 to 64 printable characters, no
    ``-`` first, no space at either end."""
    fits = 0 < len(text) <= WORDS_MAX and text.isprintable() and text.strip() == text
    return fits and not text.startswith("-")


class Hamachi:
    """Every method raises TooMany where too many calls wait, and HamachiUnavailable,
    HamachiTimeout or HamachiError where the program does not do it."""

    def __init__(self, program: client.Hamachi, audit: Audit) -> None:
        self._program = program
        self._audit = audit
        self._permits = Permits(AT_ONCE)

    def status(self, principal: Principal) -> Status:
        return self._in_turn(principal, self._program.status)

    def networks(self, principal: Principal) -> list[Network]:
        """Those that this machine is in, with their other members."""
        return self._in_turn(principal, self._program.networks)

    def network(self, name: str, principal: Principal) -> Network:
        """One of them. Raises NotFound."""
        for network in self.networks(principal):
            if network.id == name:
                return network
        raise NotFound("this machine is not in a network of that id", network=name)

    def join(self, name: str, password: str, principal: Principal) -> bool:
        """Join a network; False if its owner has yet to approve of it.

        Args:
            password: empty where there is none; kept nowhere.

        Raises:
            BadField: the password is wrong.
            NotFound: there is no such network.
            Conflict: it is full or locked, or this machine is in it; ``reason`` says which.
        """
        outcome = self._in_turn(principal, lambda: self._program.join(name, password))
        if not outcome.done:
            _refuse(name, outcome, password)
        joined = outcome.reason != PENDING
        self._audit.note("hamachi.join", network=name, joined=joined, by=principal.key_id)
        return joined

    def leave(self, name: str, principal: Principal) -> None:
        """Leave a network.

        Raises:
            NotFound: this machine is in no such network.
            Conflict: it is this machine's own.
        """
        if not is_name(name):
            raise NotFound("this machine is not in a network of that id")
        outcome = self._in_turn(principal, lambda: self._program.leave(name))
        if not outcome.done:
            _refuse(name, outcome)
        self._audit.note("hamachi.leave", network=name, by=principal.key_id)

    def _in_turn(self, principal: Principal, call: Callable[[], T]) -> T:
        release = self._permits.take(principal.key_id, heavy=False)
        try:
            return call()
        finally:
            release()


def _refuse(name: str, outcome: Outcome, password: str = "") -> NoReturn:
    """Raise what stands for a failure; the words of the program only where they tell no secret."""
    reason = (outcome.reason or "").rstrip(".").lower()
    if reason in UNKNOWN:
        raise NotFound("there is no such network", network=name)
    if reason == WRONG_PASSWORD:
        raise refused("password", "Is not that of the network.")
    if reason in CONFLICTS:
        code, sentence = CONFLICTS[reason]
        raise Conflict(sentence, network=name, reason=code)
    said = {} if password and password in (outcome.reason or "") else {"reason": outcome.reason}
    raise HamachiError("hamachi failed for a reason that the hub does not know", **said)
