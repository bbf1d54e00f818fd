"""Hosts whose agents are there, and what they offer: written by the agents, again and again.

Fields of a row: ``_id``, the host; ``holder``, the agent; ``shell``, whether it gives one;
``presets``, names; ``until``, after which it counts as gone. Times are the
database clients' own, as those of leases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.errors import DuplicateKeyError

from hub.store.client import Doc, Mongo, translated


@dataclass(frozen=True, slots=True)
class Host:
    """What a host offers."""

    id: str
    shell: bool
    presets: tuple[str, ...]


class TerminalHosts:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["terminal_hosts"]

    def get(self, host: str) -> Host | None:
        """A host whose agent is there."""
        with translated():
            row = self._rows.find_one({"_id": host, "until": {"$gt": datetime.now(UTC)}})
        return Host(row["_id"], row["shell"], tuple(row["presets"])) if row else None

    def hold(self, host: Host, holder: str, length_s: float) -> bool:
        """Say that a host's agent is there; False while another agent is."""
        now = datetime.now(UTC)
        free = {"_id": host.id, "$or": [{"holder": holder}, {"until": {"$lte": now}}]}
        fields: Doc = {
            "holder": holder,
            "shell": host.shell,
            "presets": list(host.presets),
            "until": now + timedelta(seconds=length_s),
        }
        with translated():
            try:
                self._rows.update_one(free, {"$set": fields}, upsert=True)
            except DuplicateKeyError:
                return False
        return True

    def is_held(self, host: str, holder: str) -> bool:
        """Whether an agent is the one of a host now."""
        held = {"_id": host, "holder": holder, "until": {"$gt": datetime.now(UTC)}}
        with translated():
            return self._rows.find_one(held, {"_id": 1}) is not None

    def leave(self, host: str, holder: str) -> None:
        with translated():
            self._rows.delete_one({"_id": host, "holder": holder})
