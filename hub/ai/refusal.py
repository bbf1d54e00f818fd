"""Why what was uploaded is not taken."""

from __future__ import annotations

SHOWN_CHARS_MAX = 120


class Unfit(ValueError):
    """A file that is not taken; the message is a sentence for who sent it."""


def shown(text: str) -> str:
    """Some of a stranger's text, safe to be repeated to its sender."""
    start = text[:SHOWN_CHARS_MAX]
    clean = "".join(char if char.isprintable() else "?" for char in start)
    clean = clean.encode("utf-8", "replace").decode()
    return clean if len(text) <= SHOWN_CHARS_MAX else f"{clean}…"
