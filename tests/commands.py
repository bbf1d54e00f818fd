"""The commands that a database is sent."""

from __future__ import annotations

from typing import Any

from pymongo.monitoring import CommandListener, CommandStartedEvent


class Commands(CommandListener):
    """``names`` are those of the commands, in order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass
