"""People who may log in, by name."""

from __future__ import annotations

from typing import Any

from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict
from hub.store.client import Mongo, translated
from hub.values import User


class Users:
    def __init__(self, mongo: Mongo) -> None:
        self._users = mongo.db["users"]

    def add(self, user: User, password_hash: str) -> None:
        """Raises Conflict: a user of that name exists."""
        row = {
            "_id": user.name,
            "password": password_hash,
            "staff": user.staff,
            "superuser": user.superuser,
            "created": user.created,
        }
        with translated():
            try:
                self._users.insert_one(row)
            except DuplicateKeyError as exc:
                raise Conflict("a user of that name exists", user=user.name) from exc

    def all(self) -> list[User]:
        with translated():
            return [_user(row) for row in self._users.find({}, {"password": 0}).sort("_id")]


def _user(row: dict[str, Any]) -> User:
    return User(row["_id"], row["staff"], row["superuser"], row["created"])
