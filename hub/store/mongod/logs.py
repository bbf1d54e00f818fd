"""Logs of bounded size, and what mongod's says about its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

BYTES_MAX = 8 * 1024 * 1024
KEPT = 3
TAIL_BYTES = 256 * 1024


def rotate(path: Path, *, bytes_max: int = BYTES_MAX, kept: int = KEPT) -> bool:
    """Move ``path`` to ``path.1``, that to ``path.2`` and so on, if it is over the size."""
    if not path.exists() or path.stat().st_size <= bytes_max:
        return False
    for number in range(kept - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))
    return True


def last_error(path: Path, begin: int) -> str | None:
    """What mongod logged about its end, after byte ``begin``.

    The last error; without any the first fatal line, for those after it only say that it ends.
    """
    entries = list(_errors(path, begin))
    errors = [text for severity, text in entries if severity == "E"]
    return next(reversed(errors), None) or next((text for _, text in entries), None)


def _errors(path: Path, begin: int) -> Iterator[tuple[str, str]]:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(begin, size - TAIL_BYTES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            entry = json.loads(line)
            if entry["s"] in ("F", "E"):
                yield entry["s"], _sentence(entry)
        except (ValueError, KeyError, TypeError):
            continue


def _sentence(entry: dict[str, object]) -> str:
    facts = entry.get("attr")
    return f"{entry['msg']} {json.dumps(facts)[:500]}" if facts else str(entry["msg"])
