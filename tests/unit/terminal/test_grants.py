"""Grants: what is signed, and what is believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from hub.errors import GrantExpired, Unauthorized
from hub.services.terminal.grants import LEEWAY_S, Signing, Wish

SECRET, OTHER = b"s" * 64, b"o" * 64
WISH = Wish(
    terminal_id="edge-01-shell",
    host_id="edge-01",
    interactive=True,
    allowed_presets=("journal", "status"),
)


def now() -> datetime:
    return datetime.now(UTC)


def signing(secret: bytes = SECRET, issuer: str = "this hub", lifetime_s: float = 60) -> Signing:
    return Signing(secret, lambda: issuer, lifetime_s)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(changes: dict[str, Any], *, key: bytes = SECRET, algorithm: str = "HS256") -> str:
    """A token with other claims; None takes one away."""
    claims = claims_of(signing().made(WISH, "key", now())[1]) | changes
    left = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(left, key, algorithm, headers={"kid": signing().key_id})


def unsigned() -> str:
    header = {"alg": "none", "typ": "JWT", "kid": signing().key_id}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{signed({}).split('.')[1]}."


def test_a_token_stands_for_its_grant() -> None:
    grant, token = signing().made(WISH, "key", now())
    assert signing().read(token) == grant
    assert grant.wish == WISH


def test_its_claims() -> None:
    moment = now()
    grant, token = signing().made(WISH, "key", moment)
    at = int(moment.timestamp())
    assert claims_of(token) == {
        "iss": "this hub",
        "aud": "webrtc-terminal",
        "sub": "key",
        "jti": grant.id,
        "iat": at,
        "nbf": at,
        "exp": at + 60,
        "terminal_id": "edge-01-shell",
        "host_id": "edge-01",
        "interactive": True,
        "allowed_presets": ["journal", "status"],
    }
    assert jwt.get_unverified_header(token)["kid"] == signing().key_id


def test_no_two_grants_are_one() -> None:
    assert signing().made(WISH, "key", now())[0].id != signing().made(WISH, "key", now())[0].id


def test_the_name_of_a_key_tells_keys_apart_and_is_no_part_of_them() -> None:
    assert signing().key_id != signing(OTHER).key_id
    assert signing().key_id not in SECRET.hex()


def test_its_time_is_over_a_little_after_it_says_so() -> None:
    signing().read(signing().made(WISH, "key", now())[1])
    signing().read(signing(lifetime_s=1).made(WISH, "key", now() - timedelta(seconds=2))[1])
    with pytest.raises(GrantExpired):
        signing().read(signing().made(WISH, "key", now() - timedelta(seconds=61 + LEEWAY_S))[1])


@pytest.mark.parametrize(
    "made",
    [
        lambda: "",
        lambda: "x",
        lambda: "a.b.c",
        lambda: "\N{SNOWMAN}.x.y",
        unsigned,
        lambda: signed({}, key=OTHER),
        lambda: signed({}, algorithm="HS512"),
        lambda: signing(OTHER).made(WISH, "key", now())[1],
        lambda: signing(issuer="another hub").made(WISH, "key", now())[1],
        lambda: signed({"aud": "another"}),
        lambda: signed({"aud": None}),
        lambda: signed({"exp": None}),
        lambda: signed({"jti": None}),
        lambda: signed({"nbf": int(now().timestamp()) + 3600}),
        lambda: jwt.encode(claims_of(signed({})), SECRET, "HS256"),
        lambda: signed({}) + "x",
    ],
)
def test_what_is_no_grant_of_this_hub(made: Callable[[], str]) -> None:
    with pytest.raises(Unauthorized):
        signing().read(made())


def test_the_secret_does_not_show() -> None:
    assert "sss" not in repr(signing())
