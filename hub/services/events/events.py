"""What happens in the plant, as one: what its door works with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.events.event_logs import EventLogs
from hub.services.events.processing import Processing


@dataclass(frozen=True, slots=True)
class Events:
    logs: EventLogs
    processing: Processing
