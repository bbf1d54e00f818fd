"""How far long work has come: one row a stream that is being filled from elsewhere."""

from __future__ import annotations

from typing import Any

from hub.store.client import Doc, Mongo, translated


class Progress:
    """Rows are the owners' own fields under the stream's integer id."""

    def __init__(self, mongo: Mongo) -> None:
        self._progress = mongo.db["progress"]

    def of(self, stream_id: int) -> Doc:
        """What was noted; empty for work that was not begun."""
        with translated():
            return self._progress.find_one({"_id": stream_id}) or {}

    def note(self, stream_id: int, **facts: Any) -> None:
        """Set some fields durably."""
        with translated():
            self._progress.update_one({"_id": stream_id}, {"$set": facts}, upsert=True)

    def drop(self, stream_id: int) -> None:
        with translated():
            self._progress.delete_one({"_id": stream_id})
