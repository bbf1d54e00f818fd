"""Terminals as they are told."""

from __future__ import annotations

from typing import Final

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, TIME, UUID, list_of, some_of
from hub.api.openapi.told import Answer, Named

SDP_CHARS_MAX: Final = 65_536

GRANTED: Final = {
    201: Answer(
        "The grant; `token` is shown this once.",
        Named(
            "TerminalGrant",
            closed(
                {
                    "token": TEXT,
                    "expires_at": TIME,
                    "terminal_id": TEXT,
                    "host_id": TEXT,
                    "interactive": FLAG,
                    "allowed_presets": list_of(TEXT),
                }
            ),
        ),
    )
}
ANSWERED: Final = {
    200: Answer(
        "The host's answer; the browser may connect now.",
        Named(
            "TerminalSession",
            closed({"session": UUID, "answer": closed({"type": some_of("answer"), "sdp": TEXT})}),
        ),
    )
}
