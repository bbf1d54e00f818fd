"""What is told of values that could not be stored: an event log, once it is over."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from hub.errors import HubError
from hub.services.devices.waiting import Waiting
from hub.services.streams.registry.making import now
from hub.store.plant.event_logs import EventLog, EventLogStore

log = logging.getLogger(__name__)

KIND = "device.backlog"


@dataclass(slots=True)
class Outages:
    """``refused`` counts the values that waited and were not taken then, and were not told yet. Not
    for several threads at once."""

    event_logs: EventLogStore
    refused: int = 0
    _overflowed: int = 0
    _on: bool = False

    def begins(self, why: str) -> None:
        """Readings wait from now on."""
        if not self._on:
            log.warning("readings wait on disk: %s", why)
        self._on = True

    def over(self, waiting: Waiting) -> None:
        """All that waited is stored: tell what was not, if anything was not. Never raises; what the
        database does not take is told the next time."""
        lost = waiting.overflowed - self._overflowed
        if lost or self.refused or waiting.news:
            try:
                self._tell({"overflowed": lost, "refused": self.refused}, waiting.news)
            except HubError as exc:
                log.warning("an outage could not be told: %s", exc.message)
                return
            self._overflowed, self.refused = waiting.overflowed, 0
            waiting.news.clear()
        if self._on:
            log.info("all readings that waited are stored")
        self._on = False
        waiting.tidy()

    def _tell(self, counted: dict[str, int], news: list[str]) -> None:
        facts = [f"{n} readings {what}" for what, n in counted.items() if n]
        message = "; ".join([*facts, *news])
        log.error("%s", message)
        at = now()
        self.event_logs.add(
            EventLog(
                id=self.event_logs.next_id(),
                device=None,
                kind=KIND,
                timestamp=at,
                message=message,
                url=None,
                data=dict(counted),
                created=at,
                updated=at,
            )
        )
