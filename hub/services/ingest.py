"""Documents coming in: checked, stamped with their arrival, stored durably, answered one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.errors import BadDocument, HubError, Invalid
from hub.ingest import read
from hub.ingest.read import Bounds, Verdict
from hub.ingest.stamp import Arrival, Clock, stamped
from hub.ingest.text import Shape
from hub.services.observing.checking import judged
from hub.services.observing.observing import Observing
from hub.services.repeats import opened
from hub.store.datasets.documents import Documents, oversized
from hub.store.datasets.receipts import Receipts
from hub.values import DatasetKind, Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One PUT, still bytes. ``idempotency_key`` makes a repeat of it harmless."""

    dataset: str
    body: bytes
    shape: Shape
    atomic: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each document, in order: as it is stored, or why it is not."""

    verdicts: Sequence[Document | HubError]
    replayed: bool = False

    @property
    def stored(self) -> int:
        return sum(isinstance(verdict, dict) for verdict in self.verdicts)


class Ingest:
    """Args: ``kind_of`` tells what the dataset of a UUID takes, and is asked on every PUT."""

    def __init__(
        self,
        documents: Documents,
        observing: Observing,
        receipts: Receipts,
        bounds: Bounds,
        kind_of: Callable[[str], DatasetKind],
    ) -> None:
        self._stores: dict[DatasetKind, Documents | Observing] = {
            "documents": documents,
            "observations": observing,
        }
        self._receipts = receipts
        self._bounds = bounds
        self._kind_of = kind_of
        self._clock = Clock()

    def put(self, incoming: Incoming) -> Outcome:
        """Check and store what came in; returns once it is in the journal.

        Raises:
            NotJson: the body as a whole cannot be read.
            BadDocument: the single document breaks a rule (in a batch this is a verdict);
                ``BadObservation`` where the dataset takes observations.
            TooLarge: more documents than a batch may hold.
            BadParameter, KeyReused: the idempotency key is malformed, or was used otherwise.
            Unsupported: an atomic batch on a server without transactions.
            Unavailable: not confirmed; only a repeat with the same idempotency key is safe.
        """
        kind = self._kind_of(incoming.dataset)
        verdicts = self._read(incoming)
        if kind == "observations":
            verdicts = _as_observations(incoming, verdicts)
        if incoming.atomic and any(isinstance(verdict, Invalid) for verdict in verdicts):
            return Outcome([_not_alone(verdict) for verdict in verdicts])
        if incoming.idempotency_key is None:
            arrival = self._clock.arrival()
            return Outcome(_store(self._stores[kind], incoming, verdicts, arrival))
        return self._once(self._stores[kind], incoming, verdicts)

    def _read(self, incoming: Incoming) -> list[Verdict]:
        match incoming.shape:
            case "object":
                verdicts: list[Verdict] = [read.one(incoming.body, self._bounds)]
            case "array":
                verdicts = read.array(incoming.body, self._bounds)
            case "lines":
                verdicts = read.lines(incoming.body, self._bounds)
        size = len(incoming.body)
        if any(isinstance(v, dict) and oversized(v, size) for v in verdicts):
            return [_sized(verdict, size) for verdict in verdicts]
        return verdicts

    def _once(
        self, store: Documents | Observing, incoming: Incoming, verdicts: list[Verdict]
    ) -> Outcome:
        fresh = self._clock.arrival()
        request = f"{incoming.shape}\n{incoming.atomic}\n".encode() + incoming.body
        key = incoming.idempotency_key or ""
        first = opened(self._receipts, incoming.dataset, key, request, fresh)
        arrival = Arrival(first.at, first.first_id)
        if first.done:
            return Outcome(_stamped(incoming, verdicts, arrival), replayed=True)
        outcome = Outcome(
            _store(store, incoming, verdicts, arrival),
            replayed=arrival.first_id != fresh.first_id,
        )
        if all(isinstance(v, (dict, Invalid)) for v in outcome.verdicts):
            self._receipts.close(first)
        return outcome


def _store(
    store: Documents | Observing, incoming: Incoming, verdicts: Sequence[Verdict], arrival: Arrival
) -> Sequence[Document | HubError]:
    result = _stamped(incoming, verdicts, arrival)
    documents = [verdict for verdict in result if isinstance(verdict, dict)]
    if not documents:
        return result
    if incoming.shape == "object":
        store.insert(documents[0])
        return result
    if incoming.atomic:
        store.insert_all(documents)
        return result
    failures = store.insert_many(documents)
    return _with_failures(result, failures) if failures else result


def _as_observations(incoming: Incoming, verdicts: list[Verdict]) -> list[Verdict]:
    """Verdicts by the observation schema. Raises BadObservation for a single document."""
    result = [judged(verdict) for verdict in verdicts]
    if incoming.shape == "object" and isinstance(result[0], Invalid):
        raise result[0]
    return result


def _stamped(
    incoming: Incoming, verdicts: Sequence[Verdict], arrival: Arrival
) -> Sequence[Document | HubError]:
    good = [verdict for verdict in verdicts if isinstance(verdict, dict)]
    documents = stamped(good, incoming.dataset, arrival)
    if len(good) == len(verdicts):
        return documents
    rest = iter(documents)
    return [next(rest) if isinstance(verdict, dict) else verdict for verdict in verdicts]


def _with_failures(
    result: Sequence[Document | HubError], failures: dict[int, HubError]
) -> list[Document | HubError]:
    places = [index for index, verdict in enumerate(result) if isinstance(verdict, dict)]
    changed = list(result)
    for index, failure in failures.items():
        changed[places[index]] = failure
    return changed


def _sized(verdict: Verdict, body_bytes: int) -> Verdict:
    if isinstance(verdict, dict) and oversized(verdict, body_bytes):
        return BadDocument("the document is over 16 MiB as BSON", path="$")
    return verdict


def _not_alone(verdict: Verdict) -> HubError:
    if isinstance(verdict, dict):
        return Invalid("not stored, because another document of this atomic batch is refused")
    return verdict
