"""How a view of the plant API is opened: declared in one place, by its scope."""

from __future__ import annotations

from hub.api.auth import principal, requires_key

requires_plant = requires_key

__all__ = ["principal", "requires_plant"]
