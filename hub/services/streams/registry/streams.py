"""The registry of streams: who may open which, how one is made and how it is closed."""

from __future__ import annotations

from hub.errors import Forbidden, OutstandingDependencies, StreamNotFound
from hub.query import Limits
from hub.services import scopes
from hub.services.datasets import Datasets
from hub.services.streams.registry import facts
from hub.services.streams.registry.access import allowed, opens
from hub.services.streams.registry.making import BUDGET_MS, Making, now, uuids
from hub.services.streams.registry.wanted import Wanted, uuid_of
from hub.store.access.audit import Audit
from hub.store.streams.progress import Progress
from hub.store.streams.streams import Sight
from hub.store.streams.streams import Streams as StreamStore
from hub.values import NOTHING, Document, Principal, Stream


class Streams:
    def __init__(
        self,
        store: StreamStore,
        progress: Progress,
        datasets: Datasets,
        audit: Audit,
        limits: Limits,
    ) -> None:
        self._store = store
        self._progress = progress
        self._audit = audit
        self._making = Making(store, datasets, audit, limits, self.open)

    def open(self, stream: str, principal: Principal | None) -> Stream:
        """A stream to read: a public one for everybody, another one for a key that opens it.

        Raises:
            BadStreamId: no UUID.
            StreamNotFound: there is none, or the key is for others.
            Unauthorized: it is not public, and there is no key.
            Forbidden: the key is for it, and lacks ``stream:read``.
        """
        found = self._named(uuid_of(stream))
        if found.public:
            return found
        if principal and not opens(principal, found):
            raise StreamNotFound("no such stream", stream=found.uuid)
        allowed(principal, scopes.STREAM_READ)
        return found

    def writable(self, stream: str, principal: Principal | None) -> Stream:
        """A stream to write to or to delete.

        Of one that keeps every datapoint its row may be ``RECENT_S`` old: a datapoint that goes
        to a document of the widths before is found there as well.

        Raises:
            BadStreamId: no UUID.
            StreamNotFound: there is none, or it is not public and the key is for others.
            Unauthorized: there is no key.
            Forbidden: the key lacks ``stream:write``, or the stream is public and the key is
                for others.
        """
        writer = allowed(principal, scopes.STREAM_WRITE)
        found = self._recent(uuid_of(stream))
        if opens(writer, found):
            return found
        if found.public:
            raise Forbidden("this key is for other streams", stream=found.uuid)
        raise StreamNotFound("no such stream", stream=found.uuid)

    def of(self, stream_id: int) -> Stream:
        """A stream in use by its integer id. Raises StreamNotFound."""
        found = self._store.by_id(stream_id)
        if found.deleted:
            raise StreamNotFound("no such stream", number=stream_id)
        return found

    def page(
        self, tag_filter: Document, principal: Principal | None, *, offset: int, limit: int
    ) -> tuple[list[Stream], int]:
        """Streams in order of creation, and how many there are in all.

        They are the public ones, and those that a key with ``stream:read`` opens.

        Args:
            tag_filter: a checked MongoDB query on ``tags``.
            limit: at most so many; 0 is all.

        Raises:
            OverBudget: the filter takes too long.
        """
        sight = Sight(NOTHING, public=True)
        if principal and scopes.STREAM_READ in principal.scopes:
            sight = Sight(principal.reach, public=True)
        total = self._store.count(tag_filter, sight, budget_ms=BUDGET_MS)
        if offset >= total:
            return [], total
        found = self._store.find(tag_filter, sight, skip=offset, limit=limit, budget_ms=BUDGET_MS)
        return found, total

    def ensure(self, wanted: Wanted, principal: Principal) -> tuple[Stream, bool]:
        """The stream that has the query tags, made if there is none; whether it was made.

        Raises:
            HubError: as ``Making.ensure`` says.
        """
        return self._making.ensure(wanted, principal)

    def delete(self, stream: Stream, by: Principal | None = None) -> None:
        """Close a stream at once; its datapoints are removed later.

        Args:
            by: whose key asks for it, None for an administrator.

        Raises:
            StreamNotFound: it is closed already.
            OutstandingDependencies: others are derived from it; those that the key does not open
                are not named.
        """
        closed = False
        while not closed:
            self.of(stream.id)
            depended = self._store.depended(stream.id)
            if others := self._store.derived_from(stream.id):
                raise OutstandingDependencies(
                    "other streams are derived from this one",
                    stream=stream.uuid,
                    streams=uuids([other for other in others if _seen(other, by)]),
                )
            closed = self._store.mark_deleted(stream.id, now(), depended=depended)
        self._audit.note("stream.delete", stream=stream.uuid)

    def facts(self, stream: Stream) -> Document:
        """What its owner is told of a stream, ready for JSON."""
        derivation = stream.derivation
        ids = {source.stream for source in derivation.sources} if derivation else set()
        sources = {source.id: source.uuid for source in self._store.by_ids(ids)} if ids else {}
        return facts.of(stream, sources, self._progress.of(stream.id))

    def _named(self, stream: str) -> Stream:
        return _in_use(self._store.get(stream))

    def _recent(self, stream: str) -> Stream:
        found = self._store.recent(stream)
        return _in_use(found) if found.late == "keep" else self._named(stream)


def _in_use(stream: Stream) -> Stream:
    if stream.deleted:
        raise StreamNotFound("no such stream", stream=stream.uuid)
    return stream


def _seen(stream: Stream, by: Principal | None) -> bool:
    """Whether a key, or an administrator (None), may know of a stream."""
    return by is None or stream.public or opens(by, stream)
