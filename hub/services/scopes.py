"""What a key may be allowed to do: the scopes there are, and what they bring with them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import Invalid

READ = "dataset:read"
WRITE = "dataset:write"
ANALYZE = "dataset:analyze"
ODATA_READ = "odata:read"
STREAM_READ = "stream:read"
STREAM_WRITE = "stream:write"

SCOPES: dict[str, str] = {
    READ: "query a dataset: filters, sorts, pages, counts",
    WRITE: "put documents into a dataset, and everything that dataset:read allows",
    ANALYZE: "aggregation pipelines, expressions and regular expressions, with dataset:read",
    ODATA_READ: "read published datasets over OData",
    STREAM_READ: "read the datapoints of streams that are not public",
    STREAM_WRITE: "make and delete streams, append datapoints, and all that stream:read allows",
}
OF_DATASETS = (READ, WRITE, ANALYZE)
"""Those that mean something to a key of one dataset."""

IMPLIED: dict[str, tuple[str, ...]] = {
    READ: (ODATA_READ,),
    WRITE: (READ, ODATA_READ),
    ANALYZE: (READ, ODATA_READ),
    STREAM_WRITE: (STREAM_READ,),
}


def checked(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes, each once, in the order of ``SCOPES``.

    Raises:
        Invalid: none is given, or one is unknown.
    """
    given = set(scopes)
    if unknown := sorted(given - SCOPES.keys()):
        raise Invalid(f"unknown scope: {', '.join(unknown)}", known=list(SCOPES))
    if not given:
        raise Invalid("a key needs at least one scope", known=list(SCOPES))
    return tuple(scope for scope in SCOPES if scope in given)


def expanded(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes with those that they imply."""
    given = set(scopes)
    return frozenset(given.union(*(IMPLIED.get(scope, ()) for scope in given)))
