"""Datapoints coming in: checked, given their place, stored durably, answered one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from hub.errors import BadDatapoint, Conflict, HubError, Invalid, LateDatapoint, NotJson, TooLarge
from hub.ingest import text
from hub.ingest.stamp import Clock
from hub.ingest.text import Shape
from hub.series.incoming import Columns, datapoint, plain
from hub.series.levels import SECOND_MS
from hub.services.repeats import opened
from hub.services.streams.writing.placing import Datapoint, Placing
from hub.store.datasets.receipts import Receipts
from hub.values import Stream

Verdict = Datapoint | HubError


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """One PUT, still bytes. ``idempotency_key`` makes a repeat of it harmless."""

    stream: Stream
    body: bytes
    shape: Shape
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of each datapoint, in order: its time and value, or why it is refused."""

    verdicts: Sequence[Verdict]
    replayed: bool = False

    @property
    def stored(self) -> int:
        if isinstance(self.verdicts, Columns):
            return len(self.verdicts)
        return [type(verdict) for verdict in self.verdicts].count(tuple)


class Appending:
    def __init__(self, placing: Placing, receipts: Receipts, points_max: int) -> None:
        self._placing = placing
        self._receipts = receipts
        self._points_max = points_max
        self._clock = Clock()

    def put(self, arriving: Arriving) -> Appended:
        """Check and store what came in; returns once it is in the journal.

        Raises:
            Conflict: the stream's datapoints are the hub's own: derived, or fed by a dataset.
            NotJson: the body as a whole cannot be read.
            BadDatapoint, LateDatapoint: the single one breaks a rule (in a batch a verdict).
            TooLarge: more datapoints than a batch may hold.
            BadParameter, KeyReused: the idempotency key is malformed, or was used otherwise.
            Unavailable: not confirmed; it is not known what was stored.
        """
        _refuse_own(arriving.stream)
        items = self._items(arriving)
        if arriving.idempotency_key is None:
            return self._append(arriving, items, datetime.now(UTC), again=False)
        fresh = self._clock.arrival()
        request = f"{arriving.shape}\n".encode() + arriving.body
        owner, key = arriving.stream.uuid, arriving.idempotency_key
        first = opened(self._receipts, owner, key, request, fresh)
        again = first.first_id != fresh.first_id
        if first.done:
            return Appended(_checked(arriving.stream, items, first.at), replayed=True)
        appended = self._append(arriving, items, first.at, again=again, by=first.first_id)
        if all(map(_is_final, appended.verdicts)):
            self._receipts.close(first)
        return appended

    def _append(
        self,
        arriving: Arriving,
        items: Sequence[object],
        now: datetime,
        *,
        again: bool,
        by: bytes = b"",
    ) -> Appended:
        stream = arriving.stream
        verdicts = _checked(stream, items, now)
        if arriving.shape == "object" and isinstance(verdicts[0], HubError):
            raise verdicts[0]
        good, points = _good(verdicts)
        failures = self._placing.put(stream, points, again=again, by=by)
        if failures:
            verdicts = [*verdicts]
            for index, failure in failures.items():
                verdicts[good[index]] = failure
        if arriving.shape == "object" and failures:
            raise failures[0]
        return Appended(verdicts, replayed=again)

    def _items(self, arriving: Arriving) -> Sequence[object]:
        items: object
        match arriving.shape:
            case "object":
                return [_value(arriving.body)]
            case "array":
                items = _value(arriving.body, numeric=arriving.stream.value_type == "numeric")
                if not isinstance(items, (list, Columns)):
                    raise NotJson("a batch is a JSON array of datapoints, or lines of them")
            case "lines":
                lines = [line for line in arriving.body.split(b"\n") if line.strip()]
                self._check_count(len(lines))
                items = [_line(line) for line in lines]
        self._check_count(len(items))
        return items

    def _check_count(self, count: int) -> None:
        if count > self._points_max:
            raise TooLarge(
                f"a batch holds at most {self._points_max} datapoints",
                limit="ingest_documents_max",
                max=self._points_max,
            )


def _good(verdicts: Sequence[Verdict]) -> tuple[Sequence[int], Sequence[Datapoint]]:
    """The datapoints that may be stored, and which verdicts they are."""
    if isinstance(verdicts, Columns):
        return range(len(verdicts)), verdicts
    kinds = list(map(type, verdicts))
    if kinds.count(tuple) == len(kinds):
        return range(len(kinds)), cast(Sequence[Datapoint], verdicts)
    pairs = [(index, v) for index, v in enumerate(verdicts) if isinstance(v, tuple)]
    return [index for index, _ in pairs], [point for _, point in pairs]


def _refuse_own(stream: Stream) -> None:
    if stream.derivation is not None:
        raise Conflict("a derived stream takes no datapoints of its own", stream=stream.uuid)
    if stream.feed is not None:
        raise Conflict("this stream's datapoints come from a dataset", stream=stream.uuid)


def _checked(stream: Stream, items: Sequence[object], now: datetime) -> Sequence[Verdict]:
    if isinstance(items, Columns):
        return items
    now_ms = int(now.timestamp() * SECOND_MS)
    verdicts: list[Verdict] = []
    for item in items:
        try:
            if isinstance(item, HubError):
                raise item
            verdicts.append(datapoint(item, now_ms, stream.value_type, stream.value_downsamplers))
        except Invalid as exc:
            verdicts.append(exc)
    return verdicts


def _is_final(verdict: Verdict) -> bool:
    """Whether the datapoint alone tells this verdict again, once it is stored."""
    return isinstance(verdict, (tuple, Invalid)) and not isinstance(verdict, LateDatapoint)


def _value(body: bytes, *, numeric: bool = False) -> object:
    """One JSON text, in which no object has a name twice.

    An array of nothing but numeric times and values is given as datapoints, already checked; it
    has as many colons as names, so none stood twice, and no integer that lost digits.
    """
    try:
        value: object = text.fast(body)
    except ValueError:
        value = text.exact(body)
    else:
        easy = numeric and isinstance(value, list) and body.count(b":") == 2 * len(value)
        if easy and (points := plain(cast(list[object], value))) is not None:
            return points
        if not text.is_doubtful(body, value):
            return value
        value = text.exact(body)
    return _judged(value)


def _judged(value: object) -> object:
    """The value, with an error in place of each datapoint that has a name twice."""
    if isinstance(value, list):
        return [_judged(item) if isinstance(item, dict) else item for item in value]
    if (name := _repeated(value)) is not None:
        return BadDatapoint("a name stands twice in one object", path=name)
    return value


def _repeated(value: object) -> str | None:
    """A name that stands twice in one object, at whatever depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, text.RepeatedName):
            return item.name
        if isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return None


def _line(line: bytes) -> object:
    try:
        return _value(line)
    except NotJson as exc:
        return exc
