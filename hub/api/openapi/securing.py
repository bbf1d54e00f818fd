"""How operations are opened, in the terms of OpenAPI: schemes, and the scope that each one needs.

A scope stands beside its scheme, as the role that is needed, and in the operation's description.
"""

from __future__ import annotations

from typing import Final

from hub.api.auth import CSRF_HEADER, HEADER, SAFE
from hub.api.cookie import PLAIN, SECURE
from hub.api.opening import Opening
from hub.values import Document

KEYS: Final = ("basic", "apiKey", "header")
PEOPLE: Final = "session"
TOKEN: Final = "csrf"
SCHEMES: Final[Document] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "An access key as user name, the password empty.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "An access key after the word `ApiKey` and a space: `ApiKey hub_…`.",
    },
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "An access key alone.",
    },
    PEOPLE: {
        "type": "apiKey",
        "in": "cookie",
        "name": PLAIN,
        "description": f"The cookie that a login gives; over TLS its name is `{SECURE}`.",
    },
    TOKEN: {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "The `csrf_token` of the session, with whatever changes something.",
    },
}


def security(opening: Opening, method: str) -> list[Document]:
    """What opens an operation: any one of these."""
    scopes = [opening.scope] if opening.scope else []
    by_key: list[Document] = [{scheme: scopes} for scheme in KEYS]
    people: Document = {PEOPLE: []} if method in SAFE else {PEOPLE: [], TOKEN: []}
    match opening.by:
        case "key" | "any key":
            return by_key
        case "plant":
            return [*by_key, people]
        case "session":
            return [people]
        case "optional":
            return [{}, *by_key]
        case "grant" | "public":
            return []


def words(opening: Opening) -> str:
    """The same in a sentence."""
    match opening.by:
        case "key":
            return f"Needs a key with the scope `{opening.scope}`."
        case "any key":
            return "Needs a key; what it may see, its scopes say."
        case "plant":
            return f"Needs a key with the scope `{opening.scope}`, or a session."
        case "session":
            return "Needs a session."
        case "grant":
            return "Needs a grant for a terminal, in the body."
        case "optional":
            return "Needs no key for what is public."
        case "public":
            return "Open to everybody."


def refusals(opening: Opening, method: str) -> set[int]:
    """The statuses of those who are not let in."""
    if opening.by == "public":
        return set()
    if opening.by in ("grant", "optional") or (opening.by == "session" and method in SAFE):
        return {401}
    return {401, 403}
