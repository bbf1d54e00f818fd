"""What a source gains is scored by its model: every window once, in bounded slices.

Scores are written first, and how far they go after them. So what a crash cut off is written again,
over what is there, and nothing is left out. Event logs get their ids with the position, and are
told before it goes on: once each.

What comes late, or is corrected, takes part in the windows that are still to be scored. The
scores that are there stay.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from math import isfinite
from threading import Event
from time import monotonic
from typing import Final

import numpy as np

from hub.ai.numbers import FloatArray
from hub.ai.refusal import Unfit
from hub.ai.scoring import crossings, scores
from hub.errors import HubError, NotFound, Unavailable
from hub.services.ai.runners import Broken, Runners
from hub.services.ai.slices import Slice, horizon, samples_of, slice_of, taken
from hub.services.ai.standing import Standing
from hub.services.ai.telling import Telling
from hub.services.streams.writing.setting import Setting
from hub.store.plant.devices import Devices
from hub.store.plant.models import Edge, Model, Models, Position
from hub.store.streams.points import PointStore
from hub.store.streams.streams import Streams
from hub.values import Device, Stream

log = logging.getLogger(__name__)

BUDGET_S: Final = 2.0
"""How long a model is asked at once, so that others have their turns."""
SWEPT_EVERY_S: Final = 60.0
EDGES_MAX: Final = 200
"""Event logs of one slice; what comes behind is left for the next one."""
MODEL_FAILED: Final = "model_failed"
STREAM_GONE: Final = "stream_not_found"


@dataclass(frozen=True, slots=True)
class Sites:
    """What models are about."""

    devices: Devices
    streams: Streams
    points: PointStore
    setting: Setting


@dataclass(frozen=True, slots=True)
class _Turn:
    """A model that has its turn, with what it is about."""

    model: Model
    device: Device
    source: Stream
    data: Stream


class Inferring:
    """Of one worker at a time, under a lease, and of one thread."""

    def __init__(self, models: Models, sites: Sites, telling: Telling, standing: Standing) -> None:
        self._models = models
        self._sites = sites
        self._telling = telling
        self._standing = standing
        self._runners = Runners(models)
        self._first = 0
        self._swept = -SWEPT_EVERY_S

    def run(self, seconds: float, stopping: Event, worker: str) -> int:
        """Score what there is; how many windows were scored. ``worker`` is who does it.

        Breaks off after so many seconds; the next call goes on with the model whose turn it is.

        Raises:
            Unavailable: the database is away. What ails one model is its device's state.
        """
        ends, count = monotonic() + seconds, 0
        self._standing.worker = worker
        if monotonic() - self._swept > SWEPT_EVERY_S:
            self.sweep()
        turns = deque(sorted(self._waiting(), key=lambda each: each.device < self._first))
        while turns and not stopping.is_set() and monotonic() < ends:
            model = turns.popleft()
            after, scored = self._step(model)
            count += scored
            if after is not None:
                turns.append(after)
        self._first = turns[0].device if turns else 0
        return count

    def sweep(self) -> None:
        """Remove what is left of models whose device is gone, or that were replaced."""
        for model in self._models.all():
            try:
                self._sites.devices.get(model.device)
            except NotFound:
                self._runners.forget(model.device)
                self._models.remove(model.device)
        self._models.sweep()
        self._swept = monotonic()

    def close(self) -> None:
        """End the processes."""
        self._runners.close()

    def _waiting(self) -> list[Model]:
        """The models that have something to do, by one look at all of them."""
        models = [each for each in self._models.all() if not self._rests(each)]
        known = self._sites.streams.by_ids({each.source for each in models})
        ends = self._sites.points.all_ends([each for each in known if not each.deleted])
        return [
            each
            for each in models
            if each.position.edges
            or each.source not in ends
            or _latest(ends[each.source]) > each.position.after
        ]

    def _rests(self, model: Model) -> bool:
        return self._standing.rests(model.device, model.file)

    def _bad(self, model: Model, code: str, message: str) -> None:
        self._standing.bad(model.device, model.file, code, message)

    def _step(self, model: Model) -> tuple[Model | None, int]:
        """Score a slice; the model if there may be more, and how many windows were scored."""
        try:
            turn = self._turn(model)
            return self._scored(turn) if turn else (None, 0)
        except Unavailable:
            raise
        except (Unfit, Broken) as exc:
            self._runners.forget(model.device)
            self._bad(model, MODEL_FAILED, f"the model's file or process {exc}")
        except HubError as exc:
            self._bad(model, exc.code, exc.message)
        return None, 0

    def _turn(self, model: Model) -> _Turn | None:
        """What a model is about; None where it has nothing to do."""
        try:
            device = self._sites.devices.get(model.device)
        except NotFound:
            return None
        if not device.enabled or device.kind != "ai":
            return None
        wanted = (model.source, model.data)
        there = {each.id: each for each in self._sites.streams.by_ids(wanted) if not each.deleted}
        if missing := [each for each in wanted if each not in there]:
            words = f"the data stream {missing[0]} of the model is gone"
            self._bad(model, STREAM_GONE, words)
            return None
        return _Turn(model, device, there[model.source], there[model.data])

    def _scored(self, turn: _Turn) -> tuple[Model | None, int]:
        model = self._told(turn.model)
        found = self._slice(turn.source, model) if model else None
        if model is None or found is None:
            return None, 0
        began = monotonic()
        made = self._scores(model, found)
        edges, anomalous, done = self._edges(turn.device, model, found, made)
        self._write(turn.data, found, made[:done])
        after, start = found.position(done)
        position = Position(after=after, start=start, anomalous=anomalous, edges=edges)
        advanced = self._models.advance(model, position)
        if advanced is None:
            return None, 0
        left_out = found.left_out(model.position.after, after, done)
        self._standing.good(model.device, monotonic() - began, left_out)
        return self._told(advanced), done

    def _told(self, model: Model) -> Model | None:
        """A model with nothing left to tell; None if it was changed meanwhile."""
        if not model.position.edges:
            return model
        self._telling.tell(model)
        old = model.position
        rest = Position(after=old.after, start=old.start, anomalous=old.anomalous)
        return self._models.advance(model, rest)

    def _slice(self, source: Stream, model: Model) -> Slice | None:
        """What is new and is looked at together."""
        window, position = model.shape.window, model.position
        most = samples_of(window)
        pieces = self._sites.points.between(source, position.start, horizon(), window + most)
        found = taken(pieces, position, most)
        return slice_of(found, position, window, self._usual_ms(source))

    def _usual_ms(self, source: Stream) -> int | None:
        """The spacing that a source's samples have, where it is polled and all is stored."""
        place = source.place
        if place.device is None or place.path is None or place.on_change:
            return None
        if place.deadband is not None:
            return None
        try:
            device = self._sites.devices.get(place.device)
        except NotFound:
            return None
        return round(1000 * (place.poll_interval_s or device.poll_interval_s))

    def _scores(self, model: Model, found: Slice) -> FloatArray:
        """The scores of the first windows of a slice, as many as there is time for."""
        if not len(found.ends):
            return np.empty(0)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._asked(model, model.scaler.apply(found.rows[..., None])[..., 0])

    def _asked(self, model: Model, scaled: FloatArray) -> FloatArray:
        running = self._runners.of(model)
        ends, made, count = monotonic() + BUDGET_S, list[FloatArray](), 0
        while count < len(scaled) and (not made or monotonic() < ends):
            some = scaled[count : count + running.together]
            left = max(0.0, ends - monotonic())
            outputs = running.outputs(some.astype(np.float32), left)
            made.append(scores(model.kind, running.shape, some[: len(outputs)], outputs))
            count += len(outputs)
        return np.concatenate(made)

    def _edges(
        self, device: Device, model: Model, found: Slice, made: FloatArray
    ) -> tuple[tuple[Edge, ...], bool, int]:
        """What is to be told, whether there is an anomaly then, and of how many scores."""
        threshold = device.options.get("threshold")
        before = model.position.anomalous
        edges, after = crossings(made, threshold, anomalous=before)
        done = len(made)
        if len(edges) > EDGES_MAX:
            done = edges[EDGES_MAX][0]
            edges, after = crossings(made[:done], threshold, anomalous=before)
        told = tuple(
            Edge(
                self._telling.next_id(),
                int(found.ends[index]),
                anomaly,
                float(made[index]),
                float(threshold or 0.0),
            )
            for index, anomaly in edges
        )
        return told, after, done

    def _write(self, data: Stream, found: Slice, made: FloatArray) -> None:
        """Write scores at the times of their windows; null where there is no number."""
        times = found.ends.tolist()
        wanted = [
            (data, at, score if isfinite(score) else None)
            for at, score in zip(times, made.tolist(), strict=False)
        ]
        for verdict in self._sites.setting.put_all(wanted):
            if isinstance(verdict, HubError):
                raise verdict


def _latest(ends: tuple[int | None, int | None]) -> int:
    """The time (ms) of the last of what there is; -1 where there is nothing."""
    return -1 if ends[1] is None else ends[1]
