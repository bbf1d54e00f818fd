"""Headers that answers carry, and those that requests may."""

from __future__ import annotations

from typing import Final

from hub.api.openapi.told import Given
from hub.values import Document

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": 0}


def _header(text: str, schema: Document) -> Document:
    return {"description": text, "schema": schema}


HEADERS: Final[Document] = {
    "Link": _header("Where there are more: the address of the next page, `rel=next`.", _TEXT),
    "Location": _header("Where the thing stands.", _TEXT),
    "ETag": _header("What `If-None-Match` may be asked with.", _TEXT),
    "Idempotency-Replayed": _header("`true` where this is the answer of before.", _TEXT),
    "Preference-Applied": _header("The preference that was followed.", _TEXT),
    "Set-Cookie": _header("The session's cookie, out of the reach of scripts.", _TEXT),
    "Retry-After": _header("After how many seconds to come again.", _WHOLE),
    "WWW-Authenticate": _header("How to show who one is.", _TEXT),
    "RateLimit-Limit": _header("How many requests may come at once.", _WHOLE),
    "RateLimit-Remaining": _header("How many of them are left.", _WHOLE),
    "RateLimit-Reset": _header("After how many seconds all of them are back.", _WHOLE),
    "RateLimit-Policy": _header("The limit and its window in seconds.", _TEXT),
    "Hub-Count": _header("Whether a count is exact, or an estimate.", _TEXT),
    "OData-Version": _header("The version that the answer speaks.", _TEXT),
}
RATE: Final = tuple(name for name in HEADERS if name.startswith("RateLimit-"))

BRIEF: Final = Given(
    "Prefer", _TEXT, "`return=minimal`: verdicts on what is refused only.", place="header"
)
IDEMPOTENCY: Final = Given(
    "Idempotency-Key",
    _TEXT,
    "The same key with the same body stores it once, however often it is sent.",
    place="header",
)
