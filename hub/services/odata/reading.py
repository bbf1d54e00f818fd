"""The texts of a request to a set, read: which properties, which condition, behind which row.

What is read depends on the set and the text alone, so it is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final
from uuid import UUID

from hub.errors import BadOData, BadParameter, HubError
from hub.query.odata import DATASTREAM, Context, condition, parse_filter, parse_select
from hub.query.odata.ast import And, Expression, Literal, Path, walked
from hub.query.odata.hints import nearest
from hub.query.odata.refusal import bad
from hub.query.odata.typed import Typed
from hub.services.odata.sets import BY_FACETS, SETS

ID_MAX: Final = 2**53 - 1
CONTEXTS: Final = {name: Context(found.filtered, DATASTREAM) for name, found in SETS.items()}
FACETS: Final = Context(BY_FACETS.entity, DATASTREAM)
_TOKEN: Final = re.compile(r"\s*Id:(.{1,64})", re.ASCII)


@contextmanager
def naming(parameter: str) -> Iterator[None]:
    """Say in a refusal which parameter it is about."""
    try:
        yield
    except HubError as exc:
        exc.detail.setdefault("parameter", parameter)
        raise


@lru_cache(1024)
def names(of: str, text: str) -> tuple[str, ...]:
    """The properties that a ``$select`` names, each once; all of them where it is empty.

    Raises:
        BadOData: malformed, an unknown name, or one that is for filters only.
        QueryTooComplex: too long.
    """
    known = SETS[of].selectable
    if not text.strip():
        return known
    with naming("$select"):
        select = parse_select(text)
        if select.everything:
            return known
        found: dict[str, None] = {}
        for path in select.paths:
            name = "/".join(path.names)
            if name not in known:
                raise _unknown(name[:128], of, path.at)
            found[name] = None
    return tuple(found)


def _unknown(name: str, of: str, at: int) -> BadOData:
    known = SETS[of].selectable
    if SETS[of].entity.find((name,)) is not None:
        return bad(f"{name} is for $filter only, and not given by {of},", at, "another property")
    hint = nearest(name, known) or f"one of {', '.join(known)}"
    return bad(f"{of} has no property {name}", at, hint)


@lru_cache(1024)
def of_facets(text: str) -> Typed | None:
    """What a ``$filter`` of observations says of their facets alone; None where it is nothing.

    Every observation that the filter lets through has facets of which this is true.
    """
    tree = parse_filter(text, DATASTREAM)
    terms = tree.terms if isinstance(tree, And) else (tree,)
    own = tuple(term for term in terms if _is_of_facets(term))
    if not own:
        return None
    return condition(own[0] if len(own) == 1 else And(own), FACETS)


def _is_of_facets(term: Expression) -> bool:
    paths = [node for node, _ in walked(term) if isinstance(node, Path)]
    known = [not path.variable and FACETS.entity.find(path.names) is not None for path in paths]
    return bool(known) and all(known)


@lru_cache(1024)
def wanted(of: str, text: str) -> Typed | None:
    """The condition of a ``$filter``; None where it lets everything through.

    Raises:
        BadOData, UnsupportedOData, QueryTooComplex: as the compiler says.
    """
    with naming("$filter"):
        tree = parse_filter(text, DATASTREAM)
        if isinstance(tree, Literal) and tree.value is True:
            return None
        return condition(tree, CONTEXTS[of])


def behind(of: str, text: str) -> int | str:
    """The key in a ``$skiptoken``, behind which a page begins.

    Raises:
        BadParameter: it is none of this set's.
    """
    found = _TOKEN.fullmatch(text)
    key = _key(of, found[1].strip()) if found else None
    if key is None:
        raise BadParameter(f"no $skiptoken of {of}: follow @odata.nextLink", parameter="$skiptoken")
    return key


def _key(of: str, text: str) -> int | str | None:
    numbered = any(
        item.name == "Id" and item.kind == "integer" for item in SETS[of].entity.properties
    )
    if numbered:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(ID_MAX))
        return int(text) if digits and int(text) <= ID_MAX else None
    try:
        return str(UUID(text))
    except ValueError:
        return None
