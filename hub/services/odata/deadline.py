"""The time that one request may take, whatever it has to look up on the way."""

from __future__ import annotations

from time import monotonic

from hub.errors import OverBudget

ADVICE = "lower $top, name fewer properties in $select, or narrow $filter"


class Deadline:
    """Args: ``budget_ms`` is counted from now."""

    def __init__(self, budget_ms: int) -> None:
        self._budget_ms = budget_ms
        self._end = monotonic() + budget_ms / 1000

    @property
    def left_ms(self) -> int:
        """What is left for the database server, 1 or more.

        Raises:
            OverBudget: nothing.
        """
        left = int((self._end - monotonic()) * 1000)
        if left < 1:
            raise self.over()
        return left

    def over(self) -> OverBudget:
        """The failure of a request that takes longer."""
        return OverBudget(
            f"this was too much for {self._budget_ms / 1000:g} s; {ADVICE}",
            limit="odata_budget_ms",
            max=self._budget_ms,
        )
