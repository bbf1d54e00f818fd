"""Event logs whose address is read: the page is fetched, and elements are found in it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Conflict
from hub.fetching.deadline import Deadline
from hub.fetching.fetcher import Fetcher
from hub.fetching.pages import reading
from hub.fetching.pages.reading import Look
from hub.services.events.event_logs import EventLogs
from hub.services.permits import Allowance, Permits
from hub.services.streams.registry.making import now
from hub.store.access.audit import Audit
from hub.values import Document, Principal

AT_ONCE = Allowance(total=4, per_key=2, heavy=4)
"""Of one process: a fetch holds a thread of it."""


@dataclass(frozen=True, slots=True)
class Processing:
    """``timeout_s`` is for the fetch; finding elements has its own bounds."""

    event_logs: EventLogs
    fetcher: Fetcher
    permits: Permits
    audit: Audit
    timeout_s: float

    def process(self, log_id: int, look: Look, principal: Principal) -> Document:
        """What stands at the address of an event log. Nothing is kept of it.

        Raises:
            NotFound: there is none, or the key is for other devices.
            Conflict: it has no address.
            TooMany: too many pages are being fetched.
            FetchRefused, FetchFailed, FetchTimeout: as ``Fetcher.fetch`` says.
            Invalid: elements are looked for in what has none.
            OverBudget: the selector is too dear for the page.
        """
        log = self.event_logs.get(log_id, principal)
        if log.url is None:
            raise Conflict("the event log has no URL", event_log=log_id)
        release = self.permits.take(principal.key_id, heavy=False)
        try:
            self.audit.note("event_log.process", event_log=log_id)
            page = self.fetcher.fetch(log.url, Deadline.in_(self.timeout_s))
            found = reading.found(page.content, look)
        finally:
            release()
        return {
            "event_log": log_id,
            "url": page.url,
            "status": page.status,
            "content_type": page.content.media_type,
            "fetched": now(),
            "title": found.title,
            "selector": look.selector,
            "attr": look.attr,
            "value": found.values[0] if found.values else None,
            "values": found.values,
            "more": found.more,
        }
