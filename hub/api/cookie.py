"""The cookie of a session: out of reach of scripts, of other sites, and of plain HTTP under TLS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, request

PLAIN, SECURE = "hub_session", "__Host-hub_session"
"""Browsers take the second from this very host only, and only over TLS."""
MANNERS: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Strict"}


def shown() -> str | None:
    """The secret that came with this request."""
    return request.cookies.get(_name())


def give(response: Response, secret: str, until: datetime) -> None:
    """Have the browser keep the secret until the session ends (aware UTC)."""
    left_s = int((until - datetime.now(UTC)).total_seconds())
    response.set_cookie(_name(), secret, max_age=left_s, secure=request.is_secure, **MANNERS)


def take_back(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_name(), secure=request.is_secure, **MANNERS)


def _name() -> str:
    return SECURE if request.is_secure else PLAIN
