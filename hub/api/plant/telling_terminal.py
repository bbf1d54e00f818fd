"""Terminals as they are told."""

from __future__ import annotations

import re
from typing import Final

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, TIME, list_of
from hub.api.openapi.told import Answer, Named

CALLED: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
PRESETS_MAX: Final = 50

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
