"""Which instance this database is, and the licence that it was given (collection ``hub``)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from hub.store.client import Mongo, translated

INSTANCE, LICENSE = "instance", "license"


class Licences:
    def __init__(self, mongo: Mongo) -> None:
        self._hub = mongo.db["hub"]

    def instance(self) -> str:
        """The instance's UUID, made when it is first asked for and never again."""
        with translated():
            found = self._hub.find_one({"_id": INSTANCE})
            if found is None:
                found = self._made()
        return str(found["uuid"])

    def text(self) -> str | None:
        """The licence as it was issued; None where there is none."""
        with translated():
            found = self._hub.find_one({"_id": LICENSE})
        return str(found["text"]) if found else None

    def put(self, text: str) -> None:
        """Keep a licence; the one before is gone."""
        row = {"text": text, "at": datetime.now(UTC)}
        with translated():
            self._hub.replace_one({"_id": LICENSE}, row, upsert=True)

    def remove(self) -> bool:
        """Whether there was one."""
        with translated():
            return bool(self._hub.delete_one({"_id": LICENSE}).deleted_count)

    def _made(self) -> dict[str, object]:
        row = {"_id": INSTANCE, "uuid": str(uuid.uuid4()), "created": datetime.now(UTC)}
        try:
            self._hub.insert_one(row)
        except DuplicateKeyError:
            return self._hub.find_one({"_id": INSTANCE}) or row
        return row
