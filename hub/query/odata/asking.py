"""What a request asks of a collection or an entity: its query options, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from hub.errors import BadParameter, BadQuery, UnsupportedOData
from hub.query.ejson import INT64_MAX
from hub.query.odata.apply import parse_apply
from hub.query.odata.ast import Expression
from hub.query.odata.clauses import Computed, OrderItem, Search, Selected, Transformation
from hub.query.odata.options import parse_compute, parse_orderby, parse_select
from hub.query.odata.parse import parse_filter
from hub.query.odata.query_options import Options
from hub.query.odata.search import parse_search

T = TypeVar("T")
NUMBER_MAX: Final = 2**53
"""The largest ``$top`` and ``$skip``: more rows are nowhere, and larger ones mean as many."""
_DIGITS: Final = re.compile("[0-9]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The query options; None or empty where one is not given."""

    filter: Expression | None = None
    search: Search | None = None
    compute: tuple[Computed, ...] = ()
    apply: tuple[Transformation, ...] | None = None
    orderby: tuple[OrderItem, ...] = ()
    select: Selected | None = None
    top: int | None = None
    skip: int = 0
    count: bool = False
    skiptoken: str | None = None
    aliases: Mapping[str, Expression] = field(default_factory=dict)


def asked(options: Options) -> Asked:
    """The options as trees and numbers.

    Raises:
        BadOData, UnsupportedOData, QueryTooComplex, BadParameter: each with the name of its
            option in ``detail``.
    """
    texts = options.texts
    return Asked(
        filter=_read(texts, "filter", parse_filter),
        search=_read(texts, "search", parse_search),
        compute=_read(texts, "compute", parse_compute) or (),
        apply=_read(texts, "apply", parse_apply),
        orderby=_read(texts, "orderby", parse_orderby) or (),
        select=_read(texts, "select", parse_select),
        top=_number(texts, "top"),
        skip=_number(texts, "skip") or 0,
        count=_flag(texts, "count"),
        skiptoken=texts.get("skiptoken"),
        aliases=dict(_aliases(options.aliases)),
    )


@contextmanager
def naming(option: str) -> Iterator[None]:
    """Put the name of an option into the refusals that come out of it."""
    try:
        yield
    except (BadQuery, UnsupportedOData) as exc:
        exc.detail.setdefault("option", option)
        raise


def _read(texts: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = texts.get(name)
    if text is None:
        return None
    with naming(f"${name}"):
        return parse(text)


def _aliases(texts: Mapping[str, str]) -> Iterator[tuple[str, Expression]]:
    for name, text in texts.items():
        with naming(f"@{name}"):
            yield name, parse_filter(text)


def _number(texts: Mapping[str, str], name: str) -> int | None:
    text = texts.get(name)
    if text is None:
        return None
    if not _DIGITS.fullmatch(text.strip()) or int(text) > INT64_MAX:
        raise _wrong(name, f"a whole number from 0 to {INT64_MAX}")
    return min(int(text), NUMBER_MAX)


def _flag(texts: Mapping[str, str], name: str) -> bool:
    text = texts.get(name, "false").strip().lower()
    if text not in ("true", "false"):
        raise _wrong(name, "true or false")
    return text == "true"


def _wrong(name: str, expected: str) -> BadParameter:
    detail: dict[str, Any] = {"parameter": f"${name}", "expected": expected}
    return BadParameter(f"${name} is {expected}", **detail)
