"""Why what was uploaded is not taken."""

from __future__ import annotations

SHOWN_CHARS_MAX = 120


class Unfit(ValueError):
    """A file that is not taken; the message is a sentence for who sent it."""


def shown(text: str) -> str:
    """Some of a stranger's text, safe to be repeated to its sender."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    clean = clean.encode("utf-8", "replace").decode()
    return clean if len(clean) <= SHOWN_CHARS_MAX else f"{clean[:SHOWN_CHARS_MAX]}…"
