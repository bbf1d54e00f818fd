"""Streams and pages as the stream door tells them: keys, times, links. Values in, documents out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from hub.api.streams.asked import SHORT
from hub.series.selection import Selection
from hub.values import Document, Stream

ROOT = "/api/v1/stream/"
THE_BEGINNING = "0001-01-01T00:00:00Z"
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - all times here are UTC and are given a Z
Ends = tuple[int | None, int | None]
"""Times of the earliest and the latest datapoint in ms since 1970; None for an empty stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of ``total`` items. ``path`` and ``pairs`` are the request's, ``limit`` is in effect."""

    path: str
    pairs: Sequence[tuple[str, str]]
    total: int
    limit: int
    offset: int


def stream(found: Stream, ends: Ends) -> Document:
    """A stream in its nine keys."""
    earliest, latest = ends
    return {
        "id": found.uuid,
        "resource_uri": f"{ROOT}{found.uuid}/",
        "tags": found.tags,
        "value_downsamplers": list(found.value_downsamplers),
        "time_downsamplers": list(found.time_downsamplers),
        "highest_granularity": found.highest,
        "earliest_datapoint": _iso(earliest),
        "latest_datapoint": _iso(latest),
        "value_type": found.value_type,
    }


def query_params(selection: Selection, granularity: str) -> Document:
    """What was asked, in full names; ``granularity`` is the one in effect where none was named.

    Eight keys, and one more for each addition to the original's parameters that was used.
    """
    given = selection.start is not None or selection.start_exclusive is not None
    extra: dict[str, Any] = {
        "partial": selection.partial,
        "tz": selection.tz,
        "points": selection.points,
        "downsample": selection.draw,
    }
    return {
        "granularity": selection.granularity or granularity,
        "start": _iso_s(selection.start) if given else THE_BEGINNING,
        "end": _iso_s(selection.end),
        "start_exclusive": _iso_s(selection.start_exclusive),
        "end_exclusive": _iso_s(selection.end_exclusive),
        "reverse": selection.reverse,
        "value_downsamplers": _listed(selection.value_downsamplers),
        "time_downsamplers": _listed(selection.time_downsamplers),
        **{name: value for name, value in extra.items() if value},
    }


def meta(page: Page) -> Document:
    """A page's five keys. The links are paths without a host."""
    following = page.offset + page.limit
    if page.limit == 0:
        back, forth = None, None
    else:
        back = _before(page) if page.offset else None
        forth = _link(page, page.limit, following) if following < page.total else None
    return {
        "total_count": page.total,
        "limit": page.limit,
        "offset": page.offset,
        "next": forth,
        "previous": back,
    }


def _before(page: Page) -> str:
    """The page before; smaller where fewer items than a page are before this one."""
    if page.offset < page.limit:
        return _link(page, page.offset, 0)
    return _link(page, page.limit, page.offset - page.limit)


def _link(page: Page, limit: int, offset: int) -> str:
    """The request with another limit and offset, each given once, at its end.

    They stand under the short names where the request had only those, so that a link never
    names one thing twice.
    """
    names = {name for name, _ in page.pairs}
    placed = {"limit": limit, "offset": offset}
    replaced = {*placed, *(SHORT[name] for name in placed)}
    kept = [(name, value) for name, value in page.pairs if name not in replaced]
    for name, value in placed.items():
        short = SHORT[name] in names and name not in names
        kept.append((SHORT[name] if short else name, str(value)))
    return f"{quote(page.path)}?{urlencode(kept)}"


def _iso(at_ms: int | None) -> str | None:
    """Whole seconds, the part below them cut off."""
    return None if at_ms is None else _iso_s(at_ms // 1000)


def _iso_s(at_s: int | None) -> str | None:
    return None if at_s is None else f"{(EPOCH + timedelta(seconds=at_s)).isoformat()}Z"


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
