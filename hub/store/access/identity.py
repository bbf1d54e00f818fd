"""Which hub this database belongs to: it must not be used with another secret."""

from __future__ import annotations

from bson import Binary
from pymongo.errors import DuplicateKeyError

from hub.errors import SetupError
from hub.store.client import Mongo, translated


def check(mongo: Mongo, fingerprint: bytes) -> None:
    """Remember the secret's fingerprint at the first start, compare it at each later one.

    Raises:
        SetupError: the database was set up with another secret; no key would open anything.
    """
    hub = mongo.db["hub"]
    with translated():
        try:
            hub.insert_one({"_id": "secret", "fingerprint": Binary(fingerprint)})
        except DuplicateKeyError:
            known = hub.find_one({"_id": "secret"})
            if known and bytes(known["fingerprint"]) != fingerprint:
                raise SetupError(
                    "HUB_SECRET is not the one this database was set up with; "
                    "no access key would work"
                ) from None
