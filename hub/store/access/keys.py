"""Access keys: found by the digest of what was shown, changed by their id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bson import Binary

from hub.errors import Conflict, NotFound
from hub.store.client import Doc, Mongo, translated
from hub.values import Key, KeySecret, Reach

_ONLY: Doc = {"devices": [], "streams": [], "revoked": None}


class Keys:
    def __init__(self, mongo: Mongo) -> None:
        self._keys = mongo.db["keys"]

    def add(self, key: Key) -> None:
        with translated():
            self._keys.insert_one(_row(key))

    def get(self, key_id: str) -> Key:
        """Raises NotFound."""
        with translated():
            row = self._keys.find_one({"_id": key_id})
        if row is None:
            raise NotFound("no such key", key=key_id)
        return _key(row)

    def by_digest(self, digest: bytes) -> Key | None:
        """The key of which one secret has this digest, whatever its state."""
        with translated():
            row = self._keys.find_one({"secrets.digest": Binary(digest)})
        return _key(row) if row else None

    def all(self, dataset: str | None = None) -> list[Key]:
        """Every key, or those restricted to a dataset; oldest first."""
        condition: Doc = {"datasets": dataset} if dataset else {}
        with translated():
            return [_key(row) for row in self._keys.find(condition).sort("created")]

    def replace_secrets(self, old: Key, secrets: tuple[KeySecret, ...]) -> None:
        """Raises Conflict: another rotation or a revocation came between."""
        with translated():
            result = self._keys.update_one(
                {"_id": old.id, "revoked": None, "secrets": _secret_rows(old.secrets)},
                {"$set": {"secrets": _secret_rows(secrets)}},
            )
        if not result.matched_count:
            raise Conflict("the key was changed meanwhile", key=old.id)

    def revoke(self, key_id: str, at: datetime) -> None:
        with translated():
            self._keys.update_one({"_id": key_id, "revoked": None}, {"$set": {"revoked": at}})

    def revoke_all_of(self, dataset: str, at: datetime) -> None:
        """Revoke the keys that open nothing but this dataset."""
        with translated():
            self._keys.update_many(_ONLY | {"datasets": [dataset]}, {"$set": {"revoked": at}})

    def touch(self, key_id: str, at: datetime) -> None:
        """Remember when a key was last used."""
        with translated():
            self._keys.update_one({"_id": key_id}, {"$max": {"last_used": at}})


def _row(key: Key) -> Doc:
    return {
        "_id": key.id,
        "label": key.label,
        "scopes": list(key.scopes),
        "datasets": _listed(key.reach.datasets),
        "devices": _listed(key.reach.devices),
        "streams": _listed(key.reach.streams),
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "last_used": key.last_used,
        "secrets": _secret_rows(key.secrets),
    }


def _listed(ids: frozenset[Any] | None) -> list[Any] | None:
    return None if ids is None else sorted(ids)


def _set(ids: list[Any] | None) -> frozenset[Any] | None:
    return None if ids is None else frozenset(ids)


def _secret_rows(secrets: tuple[KeySecret, ...]) -> list[Doc]:
    return [
        {"digest": Binary(s.digest), "created": s.created, "expires": s.expires} for s in secrets
    ]


def _key(row: dict[str, Any]) -> Key:
    return Key(
        id=row["_id"],
        label=row["label"],
        scopes=tuple(row["scopes"]),
        reach=Reach(
            datasets=_set(row["datasets"]),
            devices=_set(row["devices"]),
            streams=_set(row["streams"]),
        ),
        created=row["created"],
        expires=row["expires"],
        revoked=row["revoked"],
        last_used=row["last_used"],
        secrets=tuple(
            KeySecret(bytes(s["digest"]), s["created"], s["expires"]) for s in row["secrets"]
        ),
    )
