"""Retention: what is older than the policies allow is removed."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from threading import Event

from hub.services import Services

log = logging.getLogger(__name__)


def retain(services: Services, fence: int, stopping: Event) -> int:
    """Remove some of what is too old now; how many documents were removed or trimmed."""
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    done = services.retention.enforcing.run(fence, stopping, now_ms)
    if done.documents:
        log.info("retention: %d documents of %d streams", done.documents, done.streams)
    return done.documents
