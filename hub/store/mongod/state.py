"""The supervisor's notice board, ``state.json``: true only while the supervisor holds its lock."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

SIZE_BYTES = 4096
"""Every notice fills one block, so that the next can take its place on a full disk."""


@dataclass(frozen=True, slots=True)
class State:
    """Process ids, and how the start goes.

    ``failures`` counts the ends of mongod since it was last ready; ``trouble`` says, for a
    person, what was wrong with the last.
    """

    supervisor: int
    mongod: int | None = None
    ready: bool = False
    failures: int = 0
    trouble: str | None = None


def read(path: Path) -> State | None:
    """What the board says; None when there is none, or it was cut off by a crash."""
    try:
        return State(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(path: Path, state: State) -> None:
    """Put up a new notice, in one step; over the old one when the disk is full.

    Raises:
        OSError: the disk is full, and there is no old one.
    """
    notice = json.dumps(asdict(state)).encode().ljust(SIZE_BYTES)
    fresh = path.with_suffix(".new")
    try:
        fresh.write_bytes(notice)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        with open(path, "r+b") as old:
            old.write(notice)
