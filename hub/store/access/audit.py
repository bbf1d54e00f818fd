"""Who changed what, and when: appended, never rewritten."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from hub.store.client import Doc, Mongo, translated


class Audit:
    def __init__(self, mongo: Mongo) -> None:
        self._audit = mongo.db["audit"]

    def note(self, action: str, **facts: Any) -> None:
        """Append an entry; ``facts`` holds ids and names, never a secret."""
        with translated():
            self._audit.insert_one({"at": datetime.now(UTC), "action": action, **facts})

    def latest(self, limit: int, action: str | None = None) -> list[dict[str, Any]]:
        """The newest entries, newest first; of one action, or of all that it is the beginning of,
        up to a dot."""
        wanted: Doc = {} if action is None else {"action": {"$regex": _beginning(action)}}
        with translated():
            return list(self._audit.find(wanted, {"_id": 0}).sort("at", -1).limit(limit))


def _beginning(action: str) -> str:
    return rf"^{re.escape(action)}(\.|$)"
