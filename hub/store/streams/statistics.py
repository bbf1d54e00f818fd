"""Statistics of all streams: one document a stream and moment (collection ``statistics``).

``_id`` is ``{s, t}``: stream, and start of the window (or the moment that was posted) in
milliseconds. What the worker computed is in ``c``, in the order of ``FIELDS``, ``w`` the window's
length in milliseconds, ``f`` the fencing token of the last worker. What was posted is in ``p``, by
name, and is what readers get where there is both. How long a stream's windows are, if not a
minute, is in ``statistic_windows``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import DeleteOne, ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from hub.errors import Conflict, NotFound, Unavailable
from hub.series.records import FIELDS, Statistic
from hub.series.windows import ONE_MINUTE, Lengths
from hub.store.client import DUPLICATE, Doc, Mongo, translated
from hub.store.streams.removing import remove

TOGETHER = 64
"""Looks that are sent at once; the server bounds the length of a pipeline."""
TOGETHER_READ = 500
"""Records that are read ahead where some may do."""
INDEX = "time"
"""By time and stream."""
WRITTEN_TOGETHER = 5_000


@dataclass(frozen=True, slots=True)
class Computed:
    """One window of a stream; ``row`` is in the order of ``FIELDS``."""

    stream: int
    at: int
    length: int
    row: list[float]

    def told(self) -> Statistic:
        return Statistic(
            self.stream, self.at, self.length, dict(zip(FIELDS, self.row, strict=True))
        )


class StatisticStore:
    def __init__(self, mongo: Mongo) -> None:
        self._statistics = mongo.db["statistics"]
        self._windows = mongo.db["statistic_windows"]

    def lengths(self, ids: Collection[int]) -> dict[int, Lengths]:
        """How long the windows of each of these streams are."""
        made = dict.fromkeys(ids, ONE_MINUTE)
        with translated():
            for row in self._windows.find({"_id": {"$in": list(ids)}}):
                made[row["_id"]] = tuple((int(a), int(b)) for a, b in row["lengths"])
        return made

    def set_lengths(self, stream: int, lengths: Lengths, before: Lengths) -> bool:
        """Give a stream other windows; False when they are not those of ``before``."""
        same: Doc = {"_id": stream, "lengths": [list(pair) for pair in before]}
        change = {"$set": {"lengths": [list(pair) for pair in lengths]}}
        with translated():
            try:
                made = self._windows.update_one(same, change, upsert=before == ONE_MINUTE)
            except DuplicateKeyError:
                return False
        return bool(made.matched_count) or made.upserted_id is not None

    def write(self, made: Iterable[Computed], fence: int) -> None:
        """Put what was computed in place, beside what was posted.

        Raises:
            Conflict: another worker has taken over.
            Unavailable: not confirmed; writing the same again is harmless.
        """
        updates: list[UpdateOne | DeleteOne] = []
        for one in made:
            change = {"$set": {"c": one.row, "w": one.length, "f": fence}}
            updates.append(UpdateOne(_fenced(one.stream, one.at, fence), change, upsert=True))
            if len(updates) == WRITTEN_TOGETHER:
                self._bulk(updates)
                updates = []
        self._bulk(updates)

    def forget(self, stream: int, span: tuple[int, int], keep: Collection[int], fence: int) -> None:
        """Take away what was computed for windows of a range that hold nothing any more.

        Args:
            keep: the starts of those that do.
        """
        updates: list[UpdateOne | DeleteOne] = []
        chosen = {**_within(stream, *span), "c": {"$exists": True}}
        with translated():
            gone = [row["_id"]["t"] for row in self._statistics.find(chosen, {"_id": 1})]
        for at in gone:
            if at not in keep:
                same = _fenced(stream, at, fence)
                updates.append(DeleteOne({**same, "p": {"$exists": False}}))
                updates.append(
                    UpdateOne(same, {"$unset": {"c": "", "w": ""}, "$set": {"f": fence}})
                )
        self._bulk(updates)

    def _bulk(self, updates: Sequence[UpdateOne | DeleteOne]) -> None:
        if not updates:
            return
        with translated():
            try:
                self._statistics.bulk_write(updates, ordered=True)
            except BulkWriteError as exc:
                codes = {error.get("code") for error in exc.details["writeErrors"]}
                if DUPLICATE in codes:
                    raise Conflict("another worker has taken over the statistics") from exc
                raise Unavailable("the database refused statistics") from exc

    def posted(self, stream: int, at: int) -> dict[str, float]:
        """The fields of a stream's posted record; none where there is none."""
        with translated():
            row = self._statistics.find_one({"_id": {"s": stream, "t": at}}, {"p": 1})
        found: dict[str, float] = (row or {}).get("p", {})
        return found

    def post(
        self, stream: int, at: int, told: Mapping[str, float], before: Mapping[str, float]
    ) -> Statistic | None:
        """Set the named fields of a stream's posted record, made if there is none.

        Args:
            before: as ``posted`` told it.

        Returns:
            The record; None where it was another one by then, and nothing was changed.

        Raises:
            Unavailable: not confirmed; posting the same again is harmless.
        """
        same = {
            "_id": {"s": stream, "t": at},
            "p": {"$eq": before} if before else {"$exists": False},
        }
        change = {
            "$set": {f"p.{name}": value for name, value in told.items()},
            "$setOnInsert": {"f": 0},
        }
        with translated():
            try:
                row: Any = self._statistics.find_one_and_update(
                    same, change, upsert=not before, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                return None
        return _statistic(row) if row else None

    def one(self, stream: int, at: int) -> Statistic:
        """A stored record. Raises NotFound."""
        with translated():
            row = self._statistics.find_one({"_id": {"s": stream, "t": at}})
        if row is None:
            raise NotFound("no such record", id=f"{stream}-{at}")
        return _statistic(row)

    def between(self, stream: int, lo: int, hi: int) -> Iterator[Statistic]:
        """The stored records with ``lo <= at < hi``, in order of time."""
        with translated():
            for row in self._statistics.find(_within(stream, lo, hi)).sort("_id", 1):
                yield _statistic(row)

    def backwards(self, stream: int, wanted: int) -> Iterator[Statistic]:
        """The stored records, newest first; ``wanted`` is how many will do, as a rule."""
        with translated():
            rows = self._statistics.find(_of(stream)).sort("_id", -1)
            for row in rows.batch_size(wanted + 1):
                yield _statistic(row)

    def across(self, ids: Collection[int], lo: int, hi: int) -> Iterator[Statistic]:
        """The stored records of streams with ``lo <= at < hi`` (ms), by time and stream."""
        chosen: Doc = {"_id.t": {"$gte": lo, "$lt": hi}, "_id.s": {"$in": list(ids)}}
        with translated():
            rows = self._statistics.find(chosen).hint(INDEX)
            for row in rows.sort([("_id.t", 1), ("_id.s", 1)]):
                yield _statistic(row)

    def latest_first(self) -> Iterator[Statistic]:
        """The stored records of all streams, from the last by time and stream on."""
        with translated():
            rows = self._statistics.find({}).hint(INDEX)
            for row in rows.sort([("_id.t", -1), ("_id.s", -1)]).batch_size(TOGETHER_READ):
                yield _statistic(row)

    def latest(self, ids: Sequence[int]) -> dict[int, int]:
        """The moment of the latest stored record of each stream that has any, ms."""
        looks: list[list[Doc]] = [
            [
                {"$match": _of(stream)},
                {"$sort": {"_id": -1}},
                {"$limit": 1},
                {"$project": {"_id": 1}},
            ]
            for stream in ids
        ]
        found: dict[int, int] = {}
        for lo in range(0, len(looks), TOGETHER):
            first, *others = looks[lo : lo + TOGETHER]
            joined = [{"$unionWith": {"coll": "statistics", "pipeline": look}} for look in others]
            with translated():
                for row in self._statistics.aggregate([*first, *joined]):
                    found[row["_id"]["s"]] = int(row["_id"]["t"])
        return found

    def remove_before(self, below: Sequence[tuple[int, int]], limit: int) -> int:
        """Remove a bounded number of records of streams that are before a moment (ms) each; how
        many."""
        return remove(self._statistics, [_within(s, None, at) for s, at in below], limit)

    def remove_some(self, stream: int, limit: int = 500) -> int:
        """Remove a bounded number of a stream's records, in the end its windows; how many."""
        removed = remove(self._statistics, [_of(stream)], limit)
        if not removed:
            with translated():
                self._windows.delete_one({"_id": stream})
        return removed


def _of(stream: int) -> Doc:
    return {"_id": {"$gte": {"s": stream}, "$lt": {"s": stream + 1}}}


def _within(stream: int, lo: int | None, hi: int) -> Doc:
    first: Doc = {"s": stream} if lo is None else {"s": stream, "t": lo}
    return {"_id": {"$gte": first, "$lt": {"s": stream, "t": hi}}}


def _fenced(stream: int, at: int, fence: int) -> Doc:
    return {"_id": {"s": stream, "t": at}, "f": {"$lte": fence}}


def _statistic(row: Mapping[str, Any]) -> Statistic:
    stream, at = int(row["_id"]["s"]), int(row["_id"]["t"])
    if "p" in row:
        return Statistic(stream, at, None, {n: row["p"][n] for n in FIELDS if n in row["p"]})
    return Statistic(stream, at, int(row["w"]), dict(zip(FIELDS, row["c"], strict=True)))
