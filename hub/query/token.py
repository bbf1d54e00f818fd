"""The opaque token that says where the next page begins.

Signed, so that it can only be one that the hub gave; bound to its dataset and order, since a
position means nothing in another.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import bson
from itsdangerous import BadSignature, Signer

from hub.errors import BadToken, Invalid
from hub.query.page import Order, Position
from hub.values import BSON_CODEC

TOKEN_CHARS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Tokens:
    """Writes and reads page tokens. ``secret`` is the hub's own."""

    secret: bytes

    def write(self, dataset: str, order: Order, position: Position) -> str:
        """The token of a position.

        Raises:
            Invalid: the sort fields' values are too long to travel in a token.
        """
        content = {"d": dataset, "o": order.signature, "p": list(position)}
        token = self._signer().sign(base64.urlsafe_b64encode(bson.encode(content))).decode()
        if len(token) > TOKEN_CHARS_MAX:
            raise Invalid("these values are too long to page by; sort by a shorter field")
        return token

    def read(self, token: str, dataset: str, order: Order) -> Position:
        """The position in a token.

        Raises:
            BadToken: altered, or of another dataset or order.
        """
        try:
            content = bson.decode(
                base64.urlsafe_b64decode(self._signer().unsign(token)), BSON_CODEC
            )
        except (BadSignature, binascii.Error, ValueError) as exc:
            raise BadToken("the 'after' token is not one of this hub", parameter="after") from exc
        if content["d"] != dataset or content["o"] != order.signature:
            raise BadToken(
                "the 'after' token belongs to another dataset or sort", parameter="after"
            )
        return tuple(content["p"])

    def _signer(self) -> Signer:
        return Signer(self.secret, salt="page", key_derivation="hmac")
