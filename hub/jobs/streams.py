"""The upkeep of streams: fed, derived, downsampled, and removed once they are deleted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Event

from hub.services import Services
from hub.services.streams.carrying import Changed

log = logging.getLogger(__name__)


def downsample(services: Services, fence: int, stopping: Event) -> bool:
    """One maintenance run: every change that came in is carried up; False if some are left."""

    def follow(changed: Sequence[Changed]) -> bool:
        services.statistics.summarizing.follow(changed, fence)
        return services.deriving.follow(changed)

    done = services.downsampling.run(fence, stopping, follow)
    if done.documents:
        log.debug("downsampled %d documents, %d buckets", done.documents, done.buckets)
    return done.whole


BACKFILL_S = 10.0
"""How long one run fills streams from elsewhere before others have their turn."""


def backfill(services: Services, stopping: Event) -> int:
    """Fill new derived streams from what their sources hold; how many are through."""
    return sum(1 for _ in services.deriving.backfill(BACKFILL_S, stopping))


def feed(services: Services, stopping: Event) -> int:
    """Let the datasets feed their streams; how many documents were looked at."""
    return services.feeding.run(BACKFILL_S, stopping)


def purge_streams(services: Services, stopping: Event) -> int:
    """Remove the data of deleted streams, in bounded steps; how many streams are gone."""
    gone = 0
    for stream in services.purging.deleted():
        for _ in services.purging.purge(stream):
            if stopping.is_set():
                return gone
        gone += 1
    return gone
