"""How much work something is, counted and not timed: the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def bounded(lines_max: int) -> Iterator[None]:
    """Fails, and breaks off, what runs more than so many lines of Python in this thread."""
    left, before = lines_max, sys.gettrace()

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            sys.settrace(before)
            raise AssertionError(f"more than {lines_max} lines ran")
        return count

    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)
