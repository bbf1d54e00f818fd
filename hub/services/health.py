"""Whether the hub can do its work right now."""

from __future__ import annotations

from hub.store.health import Pulse


class Health:
    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    def check(self) -> None:
        """Returns when the database answers. Raises Unavailable."""
        self._pulse.feel()
