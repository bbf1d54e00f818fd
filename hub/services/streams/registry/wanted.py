"""What a client wants a stream to be: read from JSON and checked, as far as that says it all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import BadStream, BadStreamId, IncompatibleTypes, InvalidOperatorArguments
from hub.query.names import fault
from hub.series.names import (
    STORED_TIMES,
    TIME_LETTERS,
    VALUE_LETTERS,
    ValueType,
    allowed_for,
    completed,
    default_for,
    resolved,
)
from hub.services.streams.registry import tags as tag_rules
from hub.services.streams.registry.derivations import check_operator
from hub.services.streams.registry.form import load, short
from hub.values import Document, Feed, Late

UUID = re.compile("[0-9a-f]{8}(-?)[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{4}\\1[0-9a-f]{12}", re.I)


@dataclass(frozen=True, slots=True)
class WantedSource:
    """``granularity`` None is the highest that the source has."""

    stream: str
    granularity: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class WantedDerivation:
    """``backprocess``: the data that the sources have already counts too."""

    op: str
    sources: tuple[WantedSource, ...]
    args: Document
    backprocess: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A stream that shall be there. Granularities and downsamplers are full names.

    Attributes:
        title: None where none is given, neither as such nor as a tag.
        tags: the query tags and the others, combined.
        value_downsamplers: with those that they need.
        interval_s: seconds expected between datapoints.
        feed: its filter as it was sent, unchecked.
    """

    title: str | None
    query_tags: Document
    tags: Document
    value_type: ValueType
    highest: str
    value_downsamplers: tuple[str, ...]
    time_downsamplers: tuple[str, ...]
    public: bool
    late: Late
    interval_s: float | None
    feed: Feed | None
    derivation: WantedDerivation | None


def wanted(body: object) -> Wanted:
    """Read a request to make a stream.

    Args:
        body: parsed JSON without repeated names.

    Raises:
        BadStream, BadStreamId, IncompatibleTypes, UnsupportedDeriveOperator,
        InvalidOperatorArguments: with the ``path`` of the offending field.
    """
    given = load(body)
    query_tags, tags, title = _tags(given)
    value_type: ValueType = given["value_type"]
    feed = _feed(given["dataset"])
    derivation = _derivation(given)
    if feed and derivation:
        raise BadStream("a derived stream is not fed by a dataset too", path="$.dataset")
    if feed and value_type != "numeric":
        raise IncompatibleTypes("a dataset's field feeds a numeric stream", path="$.value_type")
    return Wanted(
        title=title,
        query_tags=query_tags,
        tags=tags,
        value_type=value_type,
        highest=given["highest_granularity"],
        value_downsamplers=_value_downsamplers(given["value_downsamplers"], value_type),
        time_downsamplers=_time_downsamplers(given["time_downsamplers"]),
        public=given["public"],
        late=given["late"],
        interval_s=given["interval_s"],
        feed=feed,
        derivation=derivation,
    )


def uuid_of(text: str, **detail: Any) -> str:
    """The UUID that a text writes, in its usual form.

    Raises:
        BadStreamId: the text is no UUID.
    """
    if not UUID.fullmatch(text):
        raise BadStreamId("a stream's id is a UUID", stream=short(text), **detail)
    return str(uuid.UUID(text))


def _tags(given: Mapping[str, Any]) -> tuple[Document, Document, str | None]:
    """The query tags, all tags, and the title."""
    title = given["title"]
    query_tags = given["query_tags"]
    if query_tags is None:
        query_tags = {} if title is None else {"title": title}
    tag_rules.check(query_tags, "$.query_tags")
    tag_rules.check(given["tags"], "$.tags")
    if not query_tags:
        raise BadStream("give a title, or query tags to know the stream by", path="$.query_tags")
    tags = tag_rules.combined(query_tags, given["tags"])
    if title is not None:
        tags.setdefault("title", title)
    tag_rules.check(tags, "$.tags")
    tagged = tags.get("title")
    return query_tags, tags, title or (tagged if isinstance(tagged, str) else None)


def _feed(given: Mapping[str, Any] | None) -> Feed | None:
    if given is None:
        return None
    for name in ("field", "time_field"):
        if given[name] is not None and (wrong := fault(given[name])):
            raise BadStream(wrong, path=f"$.dataset.{name}")
    return Feed(**given)


def _value_downsamplers(named: list[str] | None, value_type: ValueType) -> tuple[str, ...]:
    if named is None:
        return completed(default_for(value_type))
    return completed(
        _resolved(named, VALUE_LETTERS, allowed_for(value_type), "$.value_downsamplers")
    )


def _time_downsamplers(named: list[str] | None) -> tuple[str, ...]:
    if named is None:
        return STORED_TIMES
    found = _resolved(named, TIME_LETTERS, tuple(TIME_LETTERS), "$.time_downsamplers")
    return tuple(name for name in TIME_LETTERS if name in found)


def _resolved(
    named: Iterable[str], letters: dict[str, str], allowed: tuple[str, ...], path: str
) -> list[str]:
    """Full names for names and letters, if all are allowed."""
    found = []
    for index, text in enumerate(named):
        name = resolved(text, letters)
        if name not in allowed:
            raise BadStream(
                f"a stream of this type has no downsampler {short(text)!r}",
                path=f"{path}[{index}]",
                allowed=list(allowed),
            )
        found.append(name)
    return found


def _derivation(given: Mapping[str, Any]) -> WantedDerivation | None:
    sources, op, args = given["derive_from"], given["derive_op"], given["derive_args"]
    if sources is None and op is None:
        if args:
            raise InvalidOperatorArguments("there is no derive_op", path="$.derive_args")
        return None
    if sources is None or op is None:
        missing = "derive_from" if sources is None else "derive_op"
        raise InvalidOperatorArguments("derive_from and derive_op go together", path=f"$.{missing}")
    check_operator(op, given["value_type"], [source["name"] for source in sources], args)
    read = tuple(
        WantedSource(
            uuid_of(source["stream"], path=f"$.derive_from[{index}].stream"),
            source["granularity"],
            source["name"],
        )
        for index, source in enumerate(sources)
    )
    return WantedDerivation(op, read, args, given["derive_backprocess"])
