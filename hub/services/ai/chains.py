"""What a stream's values come from, so that no model is fed with its own scores."""

from __future__ import annotations

from hub.store.plant.models import Models
from hub.store.streams.streams import Streams

STEPS_MAX = 1_000


def feeds(streams: Streams, models: Models, *, source: int, data: int) -> bool:
    """Whether the values of ``source`` come from ``data``, however far."""
    seen: set[int] = set()
    fresh = {source}
    for _ in range(STEPS_MAX):
        if data in fresh:
            return True
        seen |= fresh
        before = {model.source for model in models.writing_to(fresh)}
        for stream in streams.by_ids(list(fresh)):
            if stream.derivation:
                before |= {each.stream for each in stream.derivation.sources}
        fresh = before - seen
        if not fresh:
            return False
    return True
