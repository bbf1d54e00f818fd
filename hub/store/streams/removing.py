"""Removal of a bounded number of documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.collection import Collection

from hub.store.client import Doc, translated


def remove(collection: Collection[Any], clauses: Sequence[Doc], limit: int) -> int:
    """Remove so many documents at most that one of the clauses is about; how many."""
    if not clauses:
        return 0
    with translated():
        rows = collection.find({"$or": list(clauses)}, {"_id": 1}).limit(limit)
        ids = [row["_id"] for row in rows]
        if ids:
            collection.delete_many({"_id": {"$in": ids}})
    return len(ids)
