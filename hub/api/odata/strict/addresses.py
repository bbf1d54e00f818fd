"""URLs of the strict root: service roots, context URLs, ids of entities, next links."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, urlencode

from hub.query.odata import Property
from hub.query.odata.ast import Literal
from hub.query.odata.printed import literal

PREFIX: Final = "/odata/v4"
_PAGED: Final = frozenset({"skip", "top", "skiptoken"})
_SAFE: Final = "!$&'()*,;=:@/"


def main_root(url_root: str) -> str:
    """The address of the service root, with a slash at the end."""
    return f"{url_root.rstrip('/')}{PREFIX}/"


def keyed(name: str, key: Any) -> str:
    """``Set(5)``, ``Set('text')``: the path of an entity by the value of its key."""
    text = str(key) if isinstance(key, int) else literal(Literal(str(key), "string"))
    return f"{name}({quote(text, safe=_SAFE)})"


def at_time(name: str, moment: str) -> str:
    """``Values(2020-01-01T00:00:00Z)``"""
    return f"{name}({moment})"


def fragment(name: str, shown: Iterable[Property] | None, *, single: bool = False) -> str:
    """What a context URL says of entities.

    Args:
        shown: the properties that were selected or made by grouping; None for all.
    """
    names = "" if shown is None else f"({','.join(item.name for item in shown)})"
    return f"{name}{names}{'/$entity' if single else ''}"


def context(root: str, fragment_: str) -> str:
    """A context URL."""
    return f"{root}$metadata#{quote(fragment_, safe=_SAFE)}"


def next_link(url: str, pairs: Iterable[tuple[str, str]], token: str) -> str:
    """The address of the page behind this one: the same question, and where it goes on.

    Args:
        url: of the request, without its query string.
        pairs: names and values of its query string, decoded.
    """
    kept = [(name, text) for name, text in pairs if name.removeprefix("$").lower() not in _PAGED]
    return f"{url}?{urlencode([*kept, ('$skiptoken', token)], quote_via=quote)}"
