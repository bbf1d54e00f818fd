"""Groups of data streams: a row has the fields of ``Group``; the streams know theirs."""

from __future__ import annotations

from hub.store.named import Named
from hub.values import Group


class Groups(Named[Group]):
    noun = "group"
    kind = Group
