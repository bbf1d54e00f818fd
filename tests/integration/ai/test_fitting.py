"""Models that are fitted to a data stream, uploaded, and find what is not like it."""

from __future__ import annotations

import numpy as np
import pytest
from flask.testing import FlaskClient

from hub.ai.fitting import fitted
from hub.ai.models import Shape
from hub.ai.running import Running
from hub.ai.scalers import scaler_of
from hub.ai.scoring import scores, windows_of
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.trouble import RAMP_S, Episodes
from hub.errors import Invalid
from hub.services import Services
from hub.values import EVERYTHING, Principal
from tests.integration.ai.uploads import T0, Uploaded, uploaded
from tests.plant import door

ANYBODY = Principal("test", frozenset(), EVERYTHING, None)
WINDOW = 16
RNG = np.random.default_rng(11)
WAVE = 50 + 10 * np.sin(np.arange(2000) / 5) + RNG.normal(size=2000) * 0.1


def test_what_it_was_fitted_to_is_normal_and_a_jump_is_not():
    made = fitted(windows_of(WAVE, WINDOW))
    strange = WAVE[:200].copy()
    strange[100] += 15
    with Running(made.model, "cnn_ae") as running:
        shape: Shape = running.shape
        windows = scaler_of(made.scaler).apply(windows_of(strange, WINDOW)[..., None])[..., 0]
        found = scores("cnn_ae", shape, windows, running.outputs(windows.astype(np.float32), 30))
    assert (shape.window, shape.features) == (WINDOW, 1)
    jump = np.arange(len(found)) + WINDOW - 1
    inside = (jump >= 100) & (jump < 100 + WINDOW)
    assert (found[~inside] < made.threshold).all()
    assert (found[inside] >= made.threshold).all()


def filled(services: Services, source: int, values: list[float], start: int) -> None:
    stream = services.plant.data.get(source, ANYBODY)
    rows = [(stream, (T0 + start + at) * 1000, value) for at, value in enumerate(values)]
    services.values.setting.put_all(rows)


def test_a_stream_is_watched_by_a_model_of_itself(client: FlaskClient, services: Services):
    plant = door(client, services)
    source = plant.data()
    filled(services, source, WAVE[:1900].tolist(), 0)
    found = services.ai.fitting.fit(source, ANYBODY, window=WINDOW, most=10_000)
    changes = {"model": found.model, "scaler": found.scaler, "threshold": found.threshold}
    made: Uploaded = uploaded(plant, services, source=source, **changes)
    rest = WAVE[1900:].tolist()
    rest[50] += 15
    filled(services, source, rest, 1900)
    made.infer()
    assert made.events() == [("ai.anomaly", 1950), ("ai.normal", 1950 + WINDOW)]


def test_a_stream_with_too_little_has_no_model(client: FlaskClient, services: Services):
    source = door(client, services).data()
    filled(services, source, WAVE[:20].tolist(), 0)
    with pytest.raises(Invalid, match="32 windows are needed, and there are 5"):
        services.ai.fitting.fit(source, ANYBODY, window=WINDOW, most=10_000)


WARM_S = 60
LEARNT_S = 1_000
WATCHED_S = 240


def trouble(at_s: float) -> float:
    """None while the model is fitted, then that of the simulator."""
    watched_s = at_s - WARM_S - LEARNT_S
    return 0.0 if watched_s < 0 else Episodes()(watched_s)


def currents() -> list[float]:
    """The motor's current every second once it runs."""
    motor = Plant(trouble=trouble)
    motor.advance(WARM_S)
    found = []
    for _ in range(LEARNT_S + WATCHED_S):
        found.append(motor.values()["current"])
        motor.advance(1.0)
    return found


def test_the_motor_of_the_simulated_plant_is_watched(client: FlaskClient, services: Services):
    """A gripping bearing shows in the current: at once, and until it is over."""
    plant, values = door(client, services), currents()
    source = plant.data()
    filled(services, source, values[:LEARNT_S], 0)
    found = services.ai.fitting.fit(source, ANYBODY, window=WINDOW, most=10_000)
    changes = {"model": found.model, "scaler": found.scaler, "threshold": found.threshold}
    made: Uploaded = uploaded(plant, services, source=source, **changes)
    filled(services, source, values[LEARNT_S:], LEARNT_S)
    made.infer()
    (kind, first), *_, (last_kind, last) = made.events()
    assert (kind, last_kind) == ("ai.anomaly", "ai.normal")
    begin, end = (LEARNT_S + at for at in Episodes().episode(0))
    assert begin <= first <= begin + RAMP_S
    assert end - RAMP_S <= last <= end + RAMP_S + WINDOW
