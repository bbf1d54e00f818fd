"""What is looked for in a page that was fetched, found by a process that may break."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.errors import FetchFailed, Invalid, OverBudget
from hub.fetching.content import Content
from hub.fetching.pages.selectors import path_of

PROGRAM: Final = Path(__file__).with_name("program.py")
MATCHES_MAX: Final = 100
CHARS_MAX: Final = 10_000
"""Of each value."""
TIMEOUT_S: Final = 5
"""Of the clock, and of the processor's time."""
MEMORY_BYTES: Final = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Look:
    """Elements by a CSS selector, and their text or an attribute of them.

    Without a selector the whole page is meant.
    """

    selector: str | None = None
    attr: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """``values`` in the order of the page; ``more``: there are others that are not given."""

    title: str | None
    values: tuple[str, ...]
    more: bool


def found(content: Content, look: Look) -> Found:
    """Find elements in a page.

    Elements without the attribute are left out. Text has its spaces collapsed.

    Raises:
        Invalid: elements are looked for, and the page has none.
        ValueError: the selector is malformed.
        OverBudget: the selector is too dear for this page.
        FetchFailed: the page cannot be parsed.
    """
    if content.kind not in ("html", "xml"):
        return _plain(content, look)
    kind: Any = content.kind
    attr = look.attr.lower() if look.attr and kind == "html" else look.attr
    wish = {
        "kind": kind,
        "charset": content.charset,
        "xpath": None if look.selector is None else path_of(look.selector, kind),
        "attr": attr,
        "matches_max": MATCHES_MAX,
        "chars_max": CHARS_MAX,
        "cpu_s": TIMEOUT_S,
        "memory_bytes": MEMORY_BYTES,
    }
    told = _run(json.dumps(wish).encode() + b"\n" + content.body)
    return Found(told["title"], tuple(told["values"]), told["more"])


def _plain(content: Content, look: Look) -> Found:
    if look.selector is not None:
        raise Invalid("the page has no elements to select", content_type=content.media_type)
    try:
        text = content.body.decode(content.charset or "utf-8", "replace")
    except LookupError:
        text = content.body.decode("utf-8", "replace")
    clean = text.lstrip("\ufeff").encode("utf-8", "replace").decode()
    return Found(None, (clean[:CHARS_MAX],), len(clean) > CHARS_MAX)


def _run(given: bytes) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(PROGRAM)],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise _too_dear() from exc
    if done.returncode < 0:
        raise _too_dear()
    if done.returncode:
        raise FetchFailed("the page cannot be parsed", reason="unreadable")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _too_dear() -> OverBudget:
    return OverBudget(
        "the page and the selector are too much together; name elements by id or class"
    )
