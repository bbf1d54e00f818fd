"""How a stream comes to be: found by its query tags, or made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import bson

from hub.errors import (
    BadQuery,
    Conflict,
    Forbidden,
    InconsistentStream,
    MultipleStreams,
    NotFound,
    StreamNotFound,
    Unavailable,
)
from hub.query import Limits, guard_filter
from hub.series.widths import first_width
from hub.services import scopes
from hub.services.datasets import Datasets
from hub.services.streams.registry.access import allowed
from hub.services.streams.registry.derivations import check_sources
from hub.services.streams.registry.tags import differ, matching
from hub.services.streams.registry.wanted import Wanted, WantedSource
from hub.store.access.audit import Audit
from hub.store.streams.streams import Sight, Streams
from hub.values import Derivation, Feed, Principal, Source, Stream

ATTEMPTS_MAX = 100
"""How often a creation begins again because another stream was made meanwhile."""
BUDGET_MS = 5_000
"""The database server's time for one search of the registry."""
NAMED_MAX = 10
"""How many streams an error names."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is wanted, with what was looked up for it: the feed, and sources with their streams."""

    wanted: Wanted
    feed: Feed | None
    inputs: tuple[tuple[Source, Stream], ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(source for source, _ in self.inputs)


class Making:
    """Args: ``open_stream`` gives a stream that a key may read, or raises."""

    def __init__(
        self,
        store: Streams,
        datasets: Datasets,
        audit: Audit,
        limits: Limits,
        open_stream: Callable[[str, Principal | None], Stream],
    ) -> None:
        self._store = store
        self._datasets = datasets
        self._audit = audit
        self._limits = limits
        self._open = open_stream

    def ensure(self, wanted: Wanted, principal: Principal) -> tuple[Stream, bool]:
        """The stream that has the query tags, made if there is none; whether it was made.

        One that is there gets the wanted tags in place of its own. Its granularity,
        downsamplers, width, ``public`` and ``late`` stay as they are. Two that ask at once for
        the same get the same stream.

        Raises:
            Forbidden: the key lacks a scope, or would have to make a stream and is for some only.
            InconsistentStream: it is there with another value type, feed or derivation.
            MultipleStreams: several have the query tags.
            NotFound, StreamNotFound: the dataset or a source is not there for this key.
            BadQuery: the filter of the feed.
            IncompatibleTypes, IncompatibleGranularities: a source does not fit.
        """
        allowed(principal, scopes.STREAM_WRITE)
        plan = _Plan(wanted, self._feed(wanted.feed, principal), self._inputs(wanted, principal))
        for _ in range(ATTEMPTS_MAX):
            stream_id = self._store.next_id()  # before looking: see hub.store.streams.streams
            found = self._matching(wanted, principal)
            if found:
                stream, made = self._agreed(found, plan), False
            else:
                stream, made = self._made(stream_id, plan, principal), True
            if stream:
                return stream, made
        raise Unavailable("too many streams are being made at once")

    def _feed(self, feed: Feed | None, principal: Principal) -> Feed | None:
        """The feed with its filter checked, if the key may read the dataset."""
        if feed is None:
            return None
        allowed(principal, scopes.READ)
        if not self._datasets.opened_by(feed.dataset, principal):
            raise NotFound("no such dataset", dataset=feed.dataset, path="$.dataset.dataset")
        if feed.filter is None:
            return feed
        analyst = scopes.ANALYZE in principal.scopes
        try:
            checked = guard_filter(feed.filter, limits=self._limits, analyst=analyst)
        except (BadQuery, Forbidden) as exc:
            exc.detail["path"] = "$.dataset.filter" + str(exc.detail.get("path", "$"))[1:]
            raise
        return Feed(feed.dataset, feed.field, dict(checked.document), feed.time_field)

    def _inputs(self, wanted: Wanted, principal: Principal) -> tuple[tuple[Source, Stream], ...]:
        if wanted.derivation is None:
            return ()
        return tuple(
            self._input(source, f"$.derive_from[{index}].stream", principal)
            for index, source in enumerate(wanted.derivation.sources)
        )

    def _input(
        self, source: WantedSource, path: str, principal: Principal
    ) -> tuple[Source, Stream]:
        try:
            stream = self._open(source.stream, principal)
        except StreamNotFound as exc:
            raise StreamNotFound(exc.message, **exc.detail, path=path) from exc
        return Source(stream.id, source.granularity or stream.highest, source.name), stream

    def _matching(self, wanted: Wanted, principal: Principal) -> Stream | None:
        """The one stream that the key opens and that has the query tags, if any."""
        found = self._store.find(
            matching(wanted.query_tags),
            Sight(principal.reach),
            limit=NAMED_MAX,
            budget_ms=BUDGET_MS,
        )
        if len(found) > 1:
            raise MultipleStreams("several streams have these tags", streams=uuids(found))
        return found[0] if found else None

    def _agreed(self, found: Stream, plan: _Plan) -> Stream | None:
        """The stream with the wanted tags; None if somebody else has changed it meanwhile."""
        if path := _contradiction(found, plan):
            raise InconsistentStream(
                "the stream is there, and made otherwise", stream=found.uuid, path=path
            )
        wanted = plan.wanted
        name = found.name if wanted.title is None else wanted.title
        if not differ(found.tags, wanted.tags) and name == found.name:
            return found
        if not self._store.replace_tags(found, wanted.tags, name):
            return None
        self._audit.note("stream.tags", stream=found.uuid, name=name)
        return self._store.by_id(found.id)

    def _made(self, stream_id: int, plan: _Plan, principal: Principal) -> Stream | None:
        """A new stream; None if another one was made meanwhile."""
        if principal.reach.streams is not None:
            raise Forbidden("a key that is for some streams makes no others")
        stream = _new(stream_id, plan)
        try:
            self._store.add(stream)
        except Conflict:
            return None
        self._bind(stream, plan)
        self._audit.note("stream.create", stream=stream.uuid, name=stream.name)
        return stream

    def _bind(self, stream: Stream, plan: _Plan) -> None:
        """Keep the sources from being deleted, or give the new stream up if one just was."""
        for source, found in plan.inputs:
            if not self._store.depend_on(source.stream):
                self._store.mark_deleted(stream.id, now())
                raise StreamNotFound("no such stream", stream=found.uuid, path="$.derive_from")


def _contradiction(found: Stream, plan: _Plan) -> str | None:
    """The path of what cannot be wanted of this stream, if anything."""
    wanted, derivation = plan.wanted, plan.wanted.derivation
    if found.value_type != wanted.value_type:
        return "$.value_type"
    if _stored(found.feed) != _stored(plan.feed):
        return "$.dataset"
    if (found.derivation and found.derivation.op) != (derivation and derivation.op):
        return "$.derive_op"
    if found.derivation and found.derivation.sources != plan.sources:
        return "$.derive_from"
    return None


def _stored(feed: Feed | None) -> bytes | None:
    """A feed as the database keeps it."""
    if feed is None:
        return None
    return bson.encode(
        {
            "dataset": feed.dataset,
            "field": feed.field,
            "filter": feed.filter,
            "time_field": feed.time_field,
        }
    )


def _new(stream_id: int, plan: _Plan) -> Stream:
    wanted = plan.wanted
    at = now()
    return Stream(
        id=stream_id,
        uuid=str(uuid.uuid4()),
        name=wanted.title or "",
        tags=wanted.tags,
        value_type=wanted.value_type,
        highest=wanted.highest,
        value_downsamplers=wanted.value_downsamplers,
        time_downsamplers=wanted.time_downsamplers,
        public=wanted.public,
        late=wanted.late,
        created=at,
        widths=((0, first_width(wanted.interval_s, wanted.highest)),),
        feed=plan.feed,
        derivation=_derivation(plan, at),
    )


def _derivation(plan: _Plan, at: datetime) -> Derivation | None:
    wanted = plan.wanted.derivation
    if wanted is None:
        return None
    check_sources(wanted.op, plan.wanted.highest, plan.inputs)
    after_ms = None if wanted.backprocess else int(at.timestamp() * 1000)
    return Derivation(wanted.op, plan.sources, wanted.args, after_ms)


def uuids(streams: list[Stream]) -> list[str]:
    """The ids of some of these, for an error."""
    return [stream.uuid for stream in streams[:NAMED_MAX]]


def now() -> datetime:
    """The time to the millisecond, as the database keeps it."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
