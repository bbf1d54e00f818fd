"""Models of AI devices: one row a device, the model's file in GridFS, its scaler as numbers.

Fields of a row of ``models``: ``_id``, the device's; ``file``, the file's id; ``source`` and
``data``, the streams that are read and written, the second unique; ``kind``, ``digest`` and
``size_bytes`` of the file, ``shape``, ``scaler``, ``uploaded``; ``position``, how far scoring has
come; ``revision``, how often that was changed.

A file is stored before the row that names it, and goes after it: what no row names is swept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from gridfs import GridFSBucket
from gridfs.errors import GridFSError
from pymongo.errors import DuplicateKeyError

from hub.ai.models import ModelType, Output, Shape
from hub.ai.scalers import Scaler
from hub.errors import Conflict, NotFound
from hub.store.client import Doc, Mongo, translated

FILES = "model_files"
UNNAMED_KEPT = timedelta(hours=1)
"""So long a file is left alone that no row names: its row is about to come."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An event log that is to be written: its id, when it happened (ms), and of which score."""

    id: int
    at: int
    anomaly: bool
    score: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far scoring has come.

    ``after`` is the time (ms) of the newest sample that was looked at, ``start`` from which
    moment on samples make the next window. ``edges`` are to be told before it goes on.
    """

    after: int
    start: int
    anomalous: bool = False
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What was uploaded for a device; ``uploaded`` is aware UTC, ``digest`` SHA-256 in hex."""

    device: int
    source: int
    data: int
    kind: ModelType
    shape: Shape
    scaler: Scaler
    digest: str
    size_bytes: int
    uploaded: datetime
    position: Position
    file: ObjectId
    revision: int = 0


class Models:
    def __init__(self, mongo: Mongo) -> None:
        self._rows = mongo.db["models"]
        self._files = GridFSBucket(mongo.db, FILES)
        self._named = mongo.db[f"{FILES}.files"]

    def keep(self, content: bytes) -> ObjectId:
        """Store a model's file durably; its id."""
        with translated():
            return self._files.upload_from_stream("model", content)

    def content(self, model: Model) -> bytes:
        """A model's file. Raises NotFound: another one has taken its place."""
        with translated():
            try:
                with self._files.open_download_stream(model.file) as file:
                    return file.read()
            except GridFSError as exc:
                raise NotFound("the model is not there any more", device=model.device) from exc

    def drop(self, file: ObjectId) -> None:
        """Remove a file, unless a row names it."""
        with translated():
            if self._rows.find_one({"file": file}, {"_id": 1}):
                return
            try:
                self._files.delete(file)
            except GridFSError:
                return

    def put(self, model: Model, before: Model | None) -> bool:
        """Set the model of a device; whether the one that it had was still this, None for none.

        Raises:
            Conflict: the model of another device writes to its stream.
        """
        with translated():
            try:
                if before is None:
                    self._rows.insert_one(_row(model))
                    return True
                return bool(self._rows.replace_one(_same(before), _row(model)).matched_count)
            except DuplicateKeyError as exc:
                if "data" not in ((exc.details or {}).get("keyPattern") or {}):
                    return False
                raise Conflict(
                    "another model writes to this data stream", device=model.device, data=model.data
                ) from exc

    def get(self, device: int) -> Model | None:
        with translated():
            row = self._rows.find_one({"_id": device})
        return _model(row) if row else None

    def all(self) -> list[Model]:
        """All models, by device."""
        with translated():
            return [_model(row) for row in self._rows.find().sort("_id", 1)]

    def count(self) -> int:
        """How many there are, about."""
        with translated():
            return self._rows.estimated_document_count()

    def writing_to(self, streams: Collection[int]) -> list[Model]:
        """The models whose scores go into any of these streams."""
        with translated():
            return [_model(row) for row in self._rows.find({"data": {"$in": list(streams)}})]

    def advance(self, old: Model, position: Position) -> Model | None:
        """A model with another position; None if it is not what it was any more."""
        change = {"$set": {"position": asdict(position)}, "$inc": {"revision": 1}}
        with translated():
            done = self._rows.update_one(_same(old), change)
        if not done.matched_count:
            return None
        return replace(old, position=position, revision=old.revision + 1)

    def remove(self, device: int) -> None:
        """Forget a device's model."""
        with translated():
            row = self._rows.find_one_and_delete({"_id": device})
        if row:
            self.drop(row["file"])

    def sweep(self) -> int:
        """Remove the files that no row names; how many."""
        old = {"uploadDate": {"$lt": datetime.now(UTC) - UNNAMED_KEPT}}
        with translated():
            found = [row["_id"] for row in self._named.find(old, {"_id": 1})]
            named = set(self._rows.distinct("file"))
        left = [each for each in found if each not in named]
        for each in left:
            self.drop(each)
        return len(left)


def _same(model: Model) -> Doc:
    """What finds a model's row as long as it is as it was read."""
    return {"_id": model.device, "file": model.file, "revision": model.revision}


def _row(model: Model) -> Doc:
    row = asdict(model)
    row["_id"] = row.pop("device")
    return row


def _model(row: Doc) -> Model:
    own: dict[str, Any] = {name: value for name, value in row.items() if name != "_id"}
    shape, scaler, position = own["shape"], own["scaler"], own["position"]
    outputs = tuple(_output(each) for each in shape["outputs"])
    edges = tuple(Edge(**each) for each in position["edges"])
    own |= {
        "shape": Shape(**shape | {"outputs": outputs}),
        "scaler": Scaler(**{name: _tuple(value) for name, value in scaler.items()}),
        "position": Position(**position | {"edges": edges}),
    }
    return Model(device=int(row["_id"]), **own)


def _output(row: Doc) -> Output:
    return Output(**row | {"shape": tuple(row["shape"])})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
