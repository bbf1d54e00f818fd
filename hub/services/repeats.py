"""Requests that may come twice: what is remembered of one that carries an ``Idempotency-Key``."""

from __future__ import annotations

import hashlib

from hub.errors import BadParameter, KeyReused
from hub.ingest.stamp import Arrival
from hub.store.datasets.receipts import Receipts
from hub.values import Receipt

IDEMPOTENCY_KEY_CHARS_MAX = 255


def opened(receipts: Receipts, owner: str, key: str, request: bytes, arrival: Arrival) -> Receipt:
    """Remember a request, or get what was remembered when it came first.

    Args:
        owner: whose keys these are: a dataset's or a stream's UUID.
        request: everything that makes this request the same as another one.

    Returns:
        The first one's receipt; its ``at`` is ``arrival.at`` only if this is the first.

    Raises:
        BadParameter: the key is malformed.
        KeyReused: the key came before, with another request.
    """
    fresh = _receipt(owner, key, request, arrival)
    first = receipts.open(fresh)
    if first.request != fresh.request:
        raise KeyReused("this Idempotency-Key came before, with another request")
    return first


def _receipt(owner: str, key: str, request: bytes, arrival: Arrival) -> Receipt:
    if not 0 < len(key) <= IDEMPOTENCY_KEY_CHARS_MAX or not key.isprintable():
        raise BadParameter(
            f"an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable characters",
            parameter="Idempotency-Key",
        )
    name = hashlib.sha256(f"{owner}\n{key}".encode()).hexdigest()
    return Receipt(name, hashlib.sha256(request).digest(), arrival.at, arrival.first_id)
