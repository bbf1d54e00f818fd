"""Policies of retention, as somebody with a key reads and sets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import Forbidden, Invalid
from hub.services.plant.fields import refused
from hub.services.records.wishes import Seeing
from hub.services.retention.policies import Policy, Rules, kind_of, limit_ms
from hub.values import Principal, Reach


class Keeping:
    def __init__(self, seeing: Seeing, rules: Rules) -> None:
        self._seeing = seeing
        self._rules = rules

    def policies(self, data: int | None, principal: Principal) -> list[Policy]:
        """A data stream's own policies, or (None) those for all.

        Raises:
            StreamNotFound: there is none, or the key is for others.
        """
        return self._rules.policies(None if data is None else self._seeing.one(data, principal))

    def put(
        self, data: int | None, given: Mapping[str, Any], principal: Principal
    ) -> Policy | None:
        """Make, change or remove a data stream's own policy, or (None) the one for all.

        Args:
            given: ``hypertable`` and the fields of a limit, as ``limit_ms`` reads them.

        Returns:
            The policy as it is now; None where it was removed.

        Raises:
            BadField: no such hypertable, or no limit.
            Forbidden: a policy for all, and the key is for some data streams only.
            StreamNotFound: there is none, or the key is for others.
        """
        stream = None if data is None else self._seeing.one(data, principal)
        if stream is None and not _opens_all(principal.reach):
            raise Forbidden("this key is for some data streams, and this is for all")
        try:
            kind_of(given["hypertable"])
            limit = limit_ms(given)
        except Invalid as exc:
            path = exc.detail.get("path", "drop_after_seconds")
            allowed = exc.detail.get("allowed")
            more = f": {', '.join(allowed)}" if allowed else ""
            raise refused(path, f"{exc.message}{more}.") from exc
        return self._rules.put(given["hypertable"], limit, stream)


def _opens_all(reach: Reach) -> bool:
    """Whether no data stream is shut to whom reaches so far, also none that is to come."""
    return reach.streams is None and not reach.devices
