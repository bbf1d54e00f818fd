"""How a process writes its log: moments in UTC, each record known by where it begins.

What is logged may hold text from outside. No such text begins a line of its own, and none steers
the terminal that shows it.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Final

FORM: Final = "%(asctime)sZ %(levelname)s %(name)s %(message)s"
TIME_FORM: Final = "%Y-%m-%dT%H:%M:%S"
_UNSEEN: Final = re.compile(
    "[^\t\n\u0020-\u007e\u00a1-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\U0010ffff]"
)
"""Controls, what turns the direction of writing, other ends of lines, halves of surrogate pairs."""


class Indented(logging.Formatter):
    """Lines of a record after its first, as of a traceback, begin with a tab; a character that
    is not seen stands as its escape."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(FORM, TIME_FORM)

    def format(self, record: logging.LogRecord) -> str:
        return _UNSEEN.sub(_escaped, super().format(record)).replace("\n", "\n\t")


def begin(level: int, handler: logging.Handler | None = None) -> None:
    """Let this process log what is of a level or above it, to stderr if no handler is given.

    Where a log is kept already, it stays as it is.
    """
    chosen = handler or logging.StreamHandler()
    chosen.setFormatter(Indented())
    logging.basicConfig(level=level, handlers=[chosen])


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
