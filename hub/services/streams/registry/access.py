"""What a key may do to streams."""

from __future__ import annotations

from hub.errors import Forbidden, Unauthorized
from hub.values import Principal, Stream


def allowed(principal: Principal | None, scope: str) -> Principal:
    """The key, if there is one that has the scope. Raises Unauthorized, Forbidden."""
    if principal is None:
        raise Unauthorized("an access key is needed")
    if scope not in principal.scopes:
        raise Forbidden("this key does not have the scope for it", scope=scope)
    return principal


def opens(principal: Principal, stream: Stream) -> bool:
    """Whether a key is for this stream, whatever its scopes."""
    return principal.reach.opens_stream(stream.id, stream.device)
