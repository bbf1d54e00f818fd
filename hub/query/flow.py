"""What is known of the documents between two stages of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Flow:
    """The documents that leave one stage and reach the next."""

    ids: bool = True
    """They still carry their stored ``_id``."""
    rows: int | None = None
    """There are at most so many; None when that is not known."""
    unwound: bool = False
    """An array was taken apart."""
    pending: bool = False
    """An array was taken apart and no group has gathered the parts yet."""
    growth: int = 1
    """How many times its stored size a document can have by now."""
    branch: bool = False
    """They run through a branch of ``$facet``."""

    def at_most(self, rows: int) -> Flow:
        """The same flow, of no more than so many documents."""
        return replace(self, rows=rows if self.rows is None else min(self.rows, rows))

    def keeping(self, ids: bool) -> Flow:
        """The same flow, its ids gone if they were not kept."""
        return replace(self, ids=self.ids and ids)

    def grouped(self, rows: int | None = None) -> Flow:
        """The flow of what a group makes of these documents."""
        flow = replace(self, ids=False, pending=False)
        return flow if rows is None else flow.at_most(rows)
