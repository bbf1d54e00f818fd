"""How a view of the plant API is opened: by a key with its scope, or by a session."""

from __future__ import annotations

from hub.api.auth import principal, requires_plant

__all__ = ["principal", "requires_plant"]
