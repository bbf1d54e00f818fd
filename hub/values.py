"""Small frozen values that cross layers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion

Document = dict[str, Any]

BSON_CODEC: CodecOptions[Document] = CodecOptions(
    tz_aware=True, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
"""How BSON is read everywhere: dates aware, and those beyond the calendar as ``DatetimeMS``."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published or private collection of documents.

    ``created`` is aware UTC; ``deleted`` is set from the moment nobody may use it any more,
    while its documents are still being removed.
    """

    uuid: str
    name: str
    created: datetime
    deleted: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One live secret of a key: its keyed digest, never the secret. ``expires`` closes it."""

    digest: bytes
    created: datetime
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a key is restricted to, by kind; None where it is not: then also what is to come.

    Datasets are named by UUID, devices and data streams by their integer ids.
    """

    datasets: frozenset[str] | None = None
    devices: frozenset[int] | None = None
    streams: frozenset[int] | None = None

    @classmethod
    def of_dataset(cls, uuid: str) -> Reach:
        """One dataset, no device and no data stream."""
        return cls(datasets=frozenset({uuid}), devices=frozenset(), streams=frozenset())

    def opens(self, dataset: str) -> bool:
        return self.datasets is None or dataset in self.datasets


EVERYTHING = Reach()


@dataclass(frozen=True, slots=True)
class Key:
    """What a key may do, and to what."""

    id: str
    label: str
    scopes: tuple[str, ...]
    reach: Reach
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    secrets: tuple[KeySecret, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request is, once its key was verified.

    ``scopes`` holds the implied ones too (a write scope brings its read scope); ``ends`` is
    the moment (aware UTC) from which the secret that was shown opens nothing.
    """

    key_id: str
    scopes: frozenset[str]
    reach: Reach
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in. ``staff`` administers, ``superuser`` may do everything."""

    name: str
    staff: bool
    superuser: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """The remembered start of an idempotent request: enough to give its answer again.

    ``first_id`` is the ``_id`` of its first document, ``at`` its arrival (aware UTC),
    ``request`` a fingerprint of what was sent, ``done`` whether everything was stored.
    """

    id: str
    request: bytes
    at: datetime
    first_id: bytes
    done: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of an answer, and how large they are (as BSON; 0 where nobody asks)."""

    rows: list[Document]
    size_bytes: int = 0
