"""A model that watches the motor of the demo's plant: fitted to a motor that nothing ails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hub.ai.fitting import fitted
from hub.ai.numbers import FloatArray
from hub.ai.scoring import windows_of
from hub.cli.stream import ADMIN
from hub.demo.devices import device_named
from hub.devices.simulators.plant.model import Plant
from hub.services import Services
from hub.services.ai.uploading import Upload
from hub.values import Stream

NAME: Final = "Demo watch"
WATCHED: Final = "Motor current"
WINDOW: Final = 16
WARM_S: Final = 120
LEARNT_S: Final = 1_200


def watch(services: Services, streams: Sequence[Stream]) -> None:
    """Upload the model for the plant's data stream; what watched another before watches it now.

    Raises:
        HubError: it cannot be.
    """
    known = device_named(services, NAME)
    for source in streams:
        if source.name == WATCHED:
            services.ai.uploading.put(_upload(source, known.id if known else None), ADMIN)


def _upload(source: Stream, device_id: int | None) -> Upload:
    model = fitted(windows_of(_currents(), WINDOW))
    return Upload(
        model=model.model,
        scaler=model.scaler,
        model_type="cnn_ae",
        source=source.id,
        threshold=float(f"{model.threshold:.3g}"),
        name=NAME,
        device_id=device_id,
        data_id=None,
    )


def _currents() -> FloatArray:
    """The current every second of a motor that runs."""
    motor = Plant()
    motor.advance(WARM_S)
    found = []
    for _ in range(LEARNT_S):
        motor.advance(1.0)
        found.append(motor.values()["current"])
    return np.array(found)
