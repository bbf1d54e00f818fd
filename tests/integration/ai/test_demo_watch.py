"""The model of the demo: what the motor does is normal, and a gripping bearing is not."""

from __future__ import annotations

from flask.testing import FlaskClient

from hub.demo.watch import NAME, WATCHED, watch
from hub.devices.simulators.plant.model import Plant
from hub.devices.simulators.plant.trouble import RAMP_S, Episodes
from hub.services import Services
from hub.values import EVERYTHING, Principal
from tests.integration.ai.uploads import T0, Uploaded
from tests.plant import door

ANYBODY = Principal("test", frozenset(), EVERYTHING, None)
TROUBLE = Episodes(2)
SECONDS = 480
"""Two episodes."""


def test_the_demo_tells_when_its_motor_misbehaves(client: FlaskClient, services: Services):
    plant = door(client, services)
    source = plant.data(name=WATCHED)
    watch(services, [services.plant.data.get(source, ANYBODY)])
    (device,) = (each for each in plant.get("device/?limit=1000").json if each["name"] == NAME)
    (data,) = plant.get(f"data/?device={device['id']}").json
    made = Uploaded(plant, services, device["id"], data["id"], source)
    motor, rows = Plant(seed=2, trouble=TROUBLE), []
    stream = services.plant.data.get(source, ANYBODY)
    for second in range(1, SECONDS + 1):
        motor.advance(1.0)
        rows.append((stream, (T0 + second) * 1000, motor.values()["current"]))
    services.values.setting.put_all(rows)
    made.infer()
    begun = [second for kind, second in made.events() if kind == "ai.anomaly"]
    for slot in (0, 1):
        begin = 240 * slot + TROUBLE.episode(slot)[0]
        assert any(begin <= second <= begin + RAMP_S for second in begun)
