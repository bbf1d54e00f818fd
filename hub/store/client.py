"""The connection: one client a process, what its server can do, and its failures in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.write_concern import WriteConcern

from hub.errors import HubError, OverBudget, RefusedByServer, SetupError, Unavailable
from hub.values import BSON_CODEC

Doc = dict[str, Any]

DURABLE = WriteConcern(w="majority", j=True, wtimeout=10_000)
"""Acknowledged means: a majority has it in its journal."""

DUPLICATE = 11000
"""The server's code for a unique key that is taken."""
OLDEST_SERVER = (6, 0)
NOT_ENOUGH_MEMORY = 292
NARROW = "narrow the filter (a range of _timestamp uses the index), or set a limit"
SELECTION_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Mongo:
    """A connected database. ``transactions`` is False on a standalone server."""

    client: MongoClient[Doc]
    db: Database[Doc]
    transactions: bool

    def close(self) -> None:
        self.client.close()


def connect(uri: str, name: str) -> Mongo:
    """Connect, and check that the server is one the hub can work with.

    A client must not cross a fork: connect in the process that uses it.

    Raises:
        SetupError: the URI is malformed, or the server is too old or cannot be reached.
    """
    try:
        client: MongoClient[Doc] = MongoClient(
            uri, serverSelectionTimeoutMS=SELECTION_TIMEOUT_MS, appname="hub", tz_aware=True
        )
    except PyMongoError as exc:
        raise SetupError(f"HUB_MONGO_URI: {exc}") from exc
    try:
        hello = client.admin.command("hello")
        version = tuple(client.server_info()["versionArray"][:2])
    except PyMongoError as exc:
        client.close()
        raise SetupError(f"MongoDB does not answer: {type(exc).__name__}") from exc
    if version < OLDEST_SERVER:
        client.close()
        raise SetupError(
            f"MongoDB {version[0]}.{version[1]} is too old; the hub needs 6.0 or newer"
        )
    db = client.get_database(name, codec_options=BSON_CODEC, write_concern=DURABLE)
    return Mongo(client, db, "setName" in hello or hello.get("msg") == "isdbgrid")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's exceptions into the hub's.

    Raises:
        OverBudget: the command's ``maxTimeMS`` ran out.
        RefusedByServer: MongoDB cannot run this query on this data.
        Unavailable: no server, a lost connection, or a write that was not confirmed.
    """
    try:
        yield
    except PyMongoError as exc:
        raise in_our_words(exc) from exc


def in_our_words(exc: PyMongoError) -> HubError:
    """The hub's error for one of the driver's."""
    match exc:
        case WTimeoutError():
            return Unavailable("the database did not confirm the write in time")
        case ExecutionTimeout():
            return OverBudget(f"the query ran out of its time; {NARROW}")
        case ServerSelectionTimeoutError():
            return Unavailable("the database cannot be reached")
        case ConnectionFailure():
            return Unavailable("the connection to the database was lost")
        case OperationFailure():
            return _of_operation(exc)
        case _:
            return Unavailable("the database could not do it", reason=type(exc).__name__)


def _of_operation(exc: OperationFailure) -> HubError:
    labels = (exc.details or {}).get("errorLabels", ())
    if "RetryableWriteError" in labels or exc.code in TRANSIENT_CODES:
        return Unavailable("the database is changing over or out of room", reason=exc.code)
    if exc.code == NOT_ENOUGH_MEMORY:
        return OverBudget(f"the query needs more memory than it may have; {NARROW}")
    return RefusedByServer("MongoDB cannot run this query", server_code=exc.code)


TRANSIENT_CODES = frozenset(
    {6, 7, 43, 64, 89, 91, 100, 189, 9001, 10107, 11600, 11602, 13435, 13436, 14031}
)
"""Unreachable hosts, lost cursors, unconfirmed writes, shutdowns, elections, a full disk."""
