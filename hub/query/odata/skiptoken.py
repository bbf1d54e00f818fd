"""The opaque ``$skiptoken``: where the next page of an answer begins.

Signed, so that it can only be one that the hub gave; bound to the question, since a position
means nothing in another. It stays valid for ever: nothing is kept for it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final

import bson
from itsdangerous import BadSignature, Signer

from hub.errors import BadToken, Invalid
from hub.values import BSON_CODEC

_CHARS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins.

    Attributes:
        after: the values of the last row's keys, in the order of the rows; None if the place
            is told by counting.
        passed: rows before this page, those that ``$skip`` passed over too.
        left: how many rows ``$top`` still allows; None without one.
        size: the wish for rows of a page; None without one.
    """

    after: tuple[Any, ...] | None = None
    passed: int = 0
    left: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class SkipTokens:
    """Writes and reads tokens. ``secret`` is the hub's own."""

    secret: bytes

    def write(self, question: str, place: Place) -> str:
        """The token of a place in the answer to a question.

        Raises:
            Invalid: the keys are too long to travel.
        """
        after = None if place.after is None else list(place.after)
        content = {
            "q": _print(question), "a": after, "p": place.passed, "l": place.left, "s": place.size,
        }  # fmt: skip
        text = base64.urlsafe_b64encode(bson.encode(content)).rstrip(b"=")
        token = self._signer().sign(text).decode()
        if len(token) > _CHARS_MAX:
            raise Invalid("the keys of these rows are too long to page by")
        return token

    def read(self, question: str, token: str) -> Place:
        """The place in a token.

        Raises:
            BadToken: altered, or of another question.
        """
        try:
            text = self._signer().unsign(token)
            padded = text + b"=" * (-len(text) % 4)
            content = bson.decode(base64.urlsafe_b64decode(padded), BSON_CODEC)
        except (BadSignature, binascii.Error, ValueError) as exc:
            raise BadToken("$skiptoken is not one of this hub", parameter="$skiptoken") from exc
        if content["q"] != _print(question):
            raise BadToken("$skiptoken belongs to another query", parameter="$skiptoken")
        after = None if content["a"] is None else tuple(content["a"])
        return Place(after, content["p"], content["l"], content["s"])

    def _signer(self) -> Signer:
        return Signer(self.secret, salt="odata", key_derivation="hmac")


def _print(question: str) -> bytes:
    return hashlib.blake2b(question.encode(), digest_size=12).digest()
