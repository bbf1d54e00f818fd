"""What browsing finds in a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.devices.contract import Value

Cut = Literal["depth", "nodes", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowsedNode:
    """A node below another, ``depth`` steps from where browsing began.

    ``kind`` is its class (Object, Variable, Method, …). Only variables have a ``type``, a
    ``value`` that JSON can hold (None also if it cannot be read) and an ``access``. ``opened`` says
    whether it was looked into.
    """

    id: str
    parent: str
    depth: int
    name: str
    display_name: str
    kind: str
    type: str | None = None
    value: Value | None = None
    access: tuple[Literal["read", "write"], ...] = ()
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Browsed:
    """Nodes in order of depth, and which limits may have left others out."""

    nodes: list[BrowsedNode]
    cut: tuple[Cut, ...]
