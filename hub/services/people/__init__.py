"""People: who may log in, and the sessions of those who did."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.people.sessions import Sessions
from hub.services.people.users import Users


@dataclass(frozen=True, slots=True)
class People:
    sessions: Sessions
    users: Users
