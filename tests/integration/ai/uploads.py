"""AI devices for tests: uploaded over HTTP, scored as the worker does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

import numpy as np
from werkzeug.test import TestResponse

from hub.services import Services
from tests.ai import pickled, scaler
from tests.ai_models import dense
from tests.plant import Door

RUN_S = 3_600.0
WINDOW = 4
MEAN, SCALE = 10.0, 2.0
T0 = 1_700_000_000
"""The first second of what the tests write."""
HALF = dense(np.eye(WINDOW) * 0.5)
"""A model that gives half of what it takes."""
SCALER = pickled(scaler(MEAN, SCALE))
FILES = {"model": HALF, "scaler": SCALER}


def score(window: Iterable[float]) -> float:
    """What ``HALF`` behind ``SCALER`` scores."""
    scaled = (np.array(list(window)) - MEAN) / SCALE
    return float(np.mean((scaled / 2) ** 2))


BOUNDARY = "a-line-that-is-in-no-file"


def form(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The body and headers of a form; bytes are files."""
    parts = []
    for name, value in fields:
        file = '; filename="f"' if isinstance(value, bytes) else ""
        held = value if isinstance(value, bytes) else str(value).encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append(head.encode() + held + b"\r\n")
    parts.append(f"--{BOUNDARY}--\r\n".encode())
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return {"data": b"".join(parts), "headers": kind}


def upload(plant: Door, **changes: Any) -> TestResponse:
    """An upload with some fields changed; those that are None are not sent."""
    fields = {**FILES, "model_type": "cnn_ae"} | changes
    sent = [(name, value) for name, value in fields.items() if value is not None]
    return plant.ask("POST", "ai/upload/", **form(sent))


@dataclass(frozen=True)
class Uploaded:
    plant: Door
    services: Services
    device: int
    data: int
    source: int

    def write(self, values: Iterable[Any], start: int = 0, *, step_s: float = 1.0) -> None:
        """Samples of the source, from so many seconds on."""
        rows = [
            {"timestamp": T0 + start + index * step_s, "value": value}
            for index, value in enumerate(values)
        ]
        for row in rows:
            answer = self.plant.post(f"data/{self.source}/value/", **row)
            assert answer.status_code in (200, 201), answer.json

    def infer(self) -> int:
        """One run, as the worker does it, with all the time that it takes."""
        assert self.services.leases.take("infer", "a worker", timedelta(hours=1))
        return self.services.ai.inferring.run(RUN_S, Event(), "a worker")

    def scores(self) -> dict[int, float]:
        """What was written, by the second."""
        rows = self.plant.get(f"data/{self.data}/value/?from={iso(0)}&to={iso(100_000)}").json
        return {seconds(row["timestamp"]): row["value"] for row in rows}

    def events(self) -> list[tuple[str, int]]:
        """Kinds and seconds, in order of time."""
        url = f"event-log/?device={self.device}&from={iso(0)}&to={iso(100_000)}"
        return [(row["kind"], seconds(row["timestamp"])) for row in self.plant.get(url).json]

    def state(self) -> Any:
        return self.plant.get(f"device/{self.device}/").json["state"]


def iso(second: int) -> str:
    return f"{np.datetime64(T0 + second, 's')}Z"


def seconds(timestamp: str) -> int:
    return int(np.datetime64(timestamp.rstrip("Z"), "s").astype(int)) - T0


def uploaded(plant: Door, services: Services, **changes: Any) -> Uploaded:
    """A device with a model, and a source of its own unless one is named."""
    source = changes.pop("source", None) or plant.data()
    answer = upload(plant, source=source, **changes)
    assert answer.status_code == 201, answer.json
    told = answer.json
    return Uploaded(plant, services, told["device_id"], told["data_id"], source)
