"""AI devices: what their sources gained is scored."""

from __future__ import annotations

import logging
from threading import Event
from typing import Final

from hub.services import Services

log = logging.getLogger(__name__)

RUN_S: Final = 4.0
"""After so long a run ends, for its lease to be renewed; the next one goes on."""


def infer(services: Services, stopping: Event, worker: str) -> int:
    """Score what there is; how many windows were scored. ``worker`` is who does it."""
    count = services.ai.inferring.run(RUN_S, stopping, worker)
    if count:
        log.debug("scored %d windows", count)
    return count
