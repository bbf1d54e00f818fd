"""Logging in, and what is told of a session."""

from __future__ import annotations

from typing import Final

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, TIME
from hub.api.openapi.told import Answer, Named

_SESSION: Final = Named(
    "Session",
    closed(
        {
            "user": closed({"name": TEXT, "staff": FLAG, "superuser": FLAG}),
            "csrf_token": TEXT,
            "ends": TIME,
        }
    ),
)
LOGGED_IN: Final = {201: Answer("A new session.", _SESSION, headers=("Set-Cookie",))}
WHO: Final = {200: Answer("Who one is.", _SESSION)}
LOGGED_OUT: Final = {204: Answer("It is over.", headers=("Set-Cookie",))}
