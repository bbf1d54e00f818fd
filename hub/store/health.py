"""Whether the database answers."""

from __future__ import annotations

from hub.store.client import Mongo, translated


class Pulse:
    def __init__(self, mongo: Mongo) -> None:
        self._admin = mongo.client.admin

    def feel(self) -> None:
        """Raises Unavailable: no server answers."""
        with translated():
            self._admin.command("ping")
