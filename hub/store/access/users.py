"""People who may log in, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import DuplicateKeyError

from hub.errors import Conflict, NotFound
from hub.store.client import Mongo, translated
from hub.values import User


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and the hash of their password. Another password is another ``era``."""

    user: User
    password_hash: str = field(repr=False)
    era: str


class Users:
    def __init__(self, mongo: Mongo) -> None:
        self._users = mongo.db["users"]

    def add(self, made: Credentials) -> None:
        """Raises Conflict: a user of that name exists."""
        row = {
            "_id": made.user.name,
            "password": made.password_hash,
            "era": made.era,
            "staff": made.user.staff,
            "superuser": made.user.superuser,
            "created": made.user.created,
        }
        with translated():
            try:
                self._users.insert_one(row)
            except DuplicateKeyError as exc:
                raise Conflict("a user of that name exists", user=made.user.name) from exc

    def credentials(self, name: str) -> Credentials | None:
        """What a login of this name is checked against; None where there is no such user."""
        with translated():
            row = self._users.find_one({"_id": name})
        return Credentials(_user(row), row["password"], row.get("era", "")) if row else None

    def get(self, name: str) -> User:
        """Raises NotFound."""
        known = self.credentials(name)
        if known is None:
            raise NotFound("no such user", user=name)
        return known.user

    def all(self) -> list[User]:
        with translated():
            return [_user(row) for row in self._users.find({}, {"password": 0}).sort("_id")]

    def set_password(self, name: str, password_hash: str, era: str) -> None:
        """Raises NotFound."""
        with translated():
            done = self._users.update_one(
                {"_id": name}, {"$set": {"password": password_hash, "era": era}}
            )
        if not done.matched_count:
            raise NotFound("no such user", user=name)

    def rehash(self, known: Credentials, password_hash: str) -> None:
        """Keep the same password by another hash, unless it was changed meanwhile."""
        with translated():
            self._users.update_one(
                {"_id": known.user.name, "password": known.password_hash},
                {"$set": {"password": password_hash}},
            )

    def remove(self, name: str) -> None:
        """Raises NotFound."""
        with translated():
            done = self._users.delete_one({"_id": name})
        if not done.deleted_count:
            raise NotFound("no such user", user=name)


def _user(row: dict[str, Any]) -> User:
    return User(row["_id"], row["staff"], row["superuser"], row["created"])
