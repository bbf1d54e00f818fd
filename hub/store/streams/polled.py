"""Values of very many streams at once, as polling brings them: one each, in documents of their own.

The same documents as those of ``hub.store.streams.points``, written by the cheapest way there is:
one command of plain updates. Waiting is bounded, as the next values come in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymongo

from hub.errors import HubError, OverBudget, Unavailable
from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.streams.point_documents import Change, key_of, update_of
from hub.store.streams.points import FULL
from hub.values import BSON_CODEC

Widths = tuple[tuple[int, int], ...]
ATTEMPTS = 8
TOGETHER = 10_000
"""Documents of one command."""
VALUES_MAX = 100_000
"""Values of one command, about; a command is at most 16 MiB."""
DURABLE: Doc = {"w": "majority", "j": True}


class PolledPoints:
    def __init__(self, mongo: Mongo) -> None:
        self._db = mongo.db
        self._streams = mongo.db["streams"]

    def answers(self, within_s: float) -> bool:
        """Whether the database is there."""
        try:
            with _within(within_s):
                self._db.command("ping")
        except HubError:
            return False
        return True

    def widths(self, ids: Collection[int], within_s: float) -> dict[int, Widths]:
        """Of those streams that are in use: how wide their raw documents are, as of now.

        Raises:
            Unavailable.
        """
        found: dict[int, Widths] = {}
        chosen = {"_id": {"$in": list(ids)}, "deleted": None}
        with _within(within_s):
            for row in self._streams.find(chosen, {"widths": 1}):
                found[int(row["_id"])] = tuple((int(a), int(b)) for a, b in row["widths"])
        return found

    def write(self, changes: Sequence[Change], within_s: float) -> list[Change]:
        """Set values durably, each document atomically with its mark.

        Args:
            changes: none of them ``fresh`` or with a ``by``.

        Returns:
            Those that were not made, as the document would be over 16 MiB.

        Raises:
            Unavailable: not confirmed; setting the same again is harmless.
        """
        full: list[Change] = []
        with _within(within_s):
            for some in _portions(changes):
                full += self._written(some)
        return full

    def _written(self, changes: Sequence[Change]) -> list[Change]:
        left, full = list(changes), list[Change]()
        for _ in range(ATTEMPTS):
            errors = self._command([_operation(change) for change in left])
            full += [left[index] for index, code in errors if code in FULL]
            left = [left[index] for index, code in errors if code == DUPLICATE]
            if not left:
                return full
        raise Unavailable("the values could not be stored; too many writers at once")

    def _command(self, operations: list[Doc]) -> list[tuple[int, int]]:
        """Run updates; index and code of those that were not made for a reason that is known."""
        told: Any = self._db.command(
            {
                "update": "values",
                "updates": operations,
                "ordered": False,
                "writeConcern": DURABLE,
            },
            codec_options=BSON_CODEC,
        )
        if "writeConcernError" in told:
            raise Unavailable("the database did not confirm the write")
        errors = [(int(one["index"]), int(one["code"])) for one in told.get("writeErrors", ())]
        if other := {code for _, code in errors} - {DUPLICATE, *FULL}:
            raise Unavailable("the database refused values", reason=min(other))
        return errors


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Bound all that is asked of the database; what takes longer is Unavailable."""
    try:
        with pymongo.timeout(seconds), translated():
            yield
    except OverBudget as exc:
        raise Unavailable("the database did not answer in time") from exc


def _operation(change: Change) -> Doc:
    return {"q": {"_id": key_of(change.bucket)}, "u": update_of(change), "upsert": True}


def _portions(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """The changes, as many together as one command takes."""
    some: list[Change] = []
    size = 0
    for change in changes:
        if some and (len(some) == TOGETHER or size + len(change.values) > VALUES_MAX):
            yield some
            some, size = [], 0
        some.append(change)
        size += len(change.values)
    if some:
        yield some
