"""Event logs of models: an anomaly began, or was over; each told once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite

from hub.errors import NotFound
from hub.services.streams.registry.making import now
from hub.store.plant.devices import Devices
from hub.store.plant.event_logs import EventLog, EventLogStore
from hub.store.plant.models import Edge, Model

ANOMALY, NORMAL = "ai.anomaly", "ai.normal"
EPOCH = datetime.fromtimestamp(0, UTC)


class Telling:
    def __init__(self, logs: EventLogStore, devices: Devices) -> None:
        self._logs = logs
        self._devices = devices

    def next_id(self) -> int:
        """An id for an event log that is to be told."""
        return self._logs.next_id()

    def tell(self, model: Model) -> None:
        """Write the event logs that a model has still to tell; those that are there stay."""
        for edge in model.position.edges:
            try:
                self._logs.get(edge.id)
            except NotFound:
                self._add(_log(model, edge))

    def _add(self, log: EventLog) -> None:
        self._logs.add(log)
        if self._devices.attach(log.device or 0) is None:
            self._logs.remove(log)


def _log(model: Model, edge: Edge) -> EventLog:
    at = now()
    kind = ANOMALY if edge.anomaly else NORMAL
    words = "reaches" if edge.anomaly else "is clearly below"
    return EventLog(
        id=edge.id,
        device=model.device,
        kind=kind,
        timestamp=EPOCH + timedelta(milliseconds=edge.at),
        message=f"The score {edge.score:g} {words} the threshold {edge.threshold:g}.",
        url=None,
        data={
            "score": edge.score if isfinite(edge.score) else None,
            "threshold": edge.threshold,
            "source": model.source,
            "data": model.data,
        },
        created=at,
        updated=at,
    )
