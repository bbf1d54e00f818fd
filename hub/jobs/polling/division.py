"""Which worker polls what: each its share of the endpoints, held by leases.

What raises HubError waits for the database; it is not to be called by two threads at once.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from time import monotonic

from hub.errors import HubError
from hub.services.devices.endpoints import lease_of
from hub.store.leases import Grant, Leases
from hub.store.plant.workers import Workers

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)
ALIVE = timedelta(seconds=10)
"""A worker that died counts for less long than its leases: others have room by their end."""
RENEWED_S = 3.0
MARGIN_S = 0.5
"""So long before its end a lease counts for nothing any more."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long a lease lasts: ``until`` by the division's clock, ``end`` in UTC by the hub's."""

    until: float
    end: datetime


@dataclass(frozen=True, slots=True)
class Held:
    token: int
    term: Term


class Division:
    """Args: ``lease`` is how long a lease lasts, ``clock`` gives seconds that never turn back."""

    def __init__(
        self,
        leases: Leases,
        workers: Workers,
        holder: str,
        *,
        lease: timedelta = LEASE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.holder = holder
        self._lease = lease
        self._clock = clock
        self._leases = leases
        self._workers = workers
        self._held: dict[str, Held] = {}
        self._alive = 1
        self._cut_off = False

    @property
    def cut_off(self) -> bool:
        """Whether the database did not answer the last time."""
        return self._cut_off

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self._held)

    def valid(self, endpoint: str) -> bool:
        """Whether what is read there now is this worker's to store.

        Also while the database cannot be reached: nobody else can take a lease then.
        """
        held = self._held.get(endpoint)
        return held is not None and (self._cut_off or self._clock() < held.term.until)

    def renew(self) -> dict[str, int]:
        """Let all leases and the worker itself last.

        Returns:
            The endpoints that others have taken, and since when what is read there is theirs:
            milliseconds since the epoch.

        Raises:
            HubError: the database did not do it.
        """
        term = self._begun()
        try:
            kept = self._leases.renew(_names(self._held), self.holder, self._lease)
            lost = {each: held for each, held in self._held.items() if lease_of(each) not in kept}
            grants = self._leases.grants(_names(lost)) if lost else {}
            self._workers.tell(self.holder, ALIVE)
            self._alive = max(1, self._workers.alive())
        except HubError:
            self._cut_off = True
            raise
        self._held = {
            each: Held(held.token, term) for each, held in self._held.items() if each not in lost
        }
        self._cut_off = False
        return {each: _since(held, grants.get(lease_of(each))) for each, held in lost.items()}

    def take(self, wanted: Collection[str]) -> None:
        """Take what is free of this worker's share.

        Raises:
            HubError: the database did not do it.
        """
        room = self._share(wanted) - len(self._held.keys() & set(wanted))
        others = {lease_of(each): each for each in wanted if each not in self._held}
        if room <= 0 or not others:
            return
        free = sorted(self._leases.free(others, self.holder))
        term = self._begun()
        chosen = random.sample(free, min(room, len(free)))
        taken = self._leases.take_some(chosen, self.holder, self._lease)
        self._held |= {others[name]: Held(token, term) for name, token in taken.items()}

    def surplus(self, wanted: Collection[str]) -> set[str]:
        """What is held and not wanted any more, or more than this worker's share."""
        unwanted = self._held.keys() - set(wanted)
        return unwanted | set(sorted(self._held.keys() - unwanted)[self._share(wanted) :])

    def give_back(self, endpoints: Collection[str]) -> None:
        """Let others take some endpoints; nothing is read there any more.

        Raises:
            HubError: the database did not do it; others can when the leases are over.
        """
        given = [each for each in endpoints if each in self._held]
        self._held = {each: held for each, held in self._held.items() if each not in given}
        if given:
            self._leases.give_some_back(_names(given), self.holder)

    def leave(self) -> None:
        """Give everything back. Raises HubError."""
        self.give_back(self.held)
        self._workers.leave(self.holder)

    def _begun(self) -> Term:
        """What a lease that is asked for now will be at least."""
        until = self._clock() + self._lease.total_seconds() - MARGIN_S
        return Term(until, datetime.now(UTC) + self._lease)

    def _share(self, wanted: Collection[str]) -> int:
        return ceil(len(wanted) / self._alive)


def _names(endpoints: Collection[str]) -> list[str]:
    return [lease_of(each) for each in endpoints]


def _since(held: Held, grant: Grant | None) -> int:
    """From when on an endpoint is another's: when it was taken, if only once since."""
    known = grant is not None and grant.taken is not None and grant.token == held.token + 1
    at = grant.taken if known and grant and grant.taken else held.term.end
    return int(at.timestamp() * 1000)
