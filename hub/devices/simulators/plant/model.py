"""The plant itself: what it is told, what it does, and what is measured of it. Pure.

The motor follows its setpoint with inertia, takes a current for its load, and grows warm with
the square of it. It makes pieces and uses energy. The tank is filled by one valve and emptied by
another; its own program works the inlet between two levels unless ``automatic`` is off. Trouble
is a bearing that grips: more current, more heat, an unsteady speed.

The same seed, commands and times give the same values: the plant goes on in steps of ``STEP_S``,
however long the pieces are in which it is asked to.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from hub.devices.simulators.plant.trouble import Trouble, untroubled

STEP_S = 0.1
RATED_RPM = 1450
RPM_MAX = 3000
AMBIENT_C = 22.0
INERTIA_S = 3.0
WARMING_S = 60.0
HEAT_C_PER_A2 = 0.38
WATTS_PER_A = 589.0
PIECES_PER_S = 1.2
FILL_PCT_PER_S, DRAIN_PCT_PER_S = 0.8, 0.5
INLET_OPENS_PCT, INLET_CLOSES_PCT = 30.0, 80.0
TROUBLED = 0.05
RUNNING_RPM, STANDING_RPM = 10.0, 1.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that comes at one value and goes at another."""

    comes: float
    goes: float

    def after(self, before: bool, value: float) -> bool:
        if self.comes > self.goes:
            return value > (self.goes if before else self.comes)
        return value < (self.goes if before else self.comes)


ALARMS = {
    "alarm_hot": ("temperature", Alarm(80.0, 75.0)),
    "alarm_current": ("current", Alarm(14.0, 13.0)),
    "alarm_high": ("level", Alarm(90.0, 88.0)),
    "alarm_low": ("level", Alarm(10.0, 12.0)),
}


@dataclass(slots=True)
class Commands:
    """What the plant is told to do; ``setpoint`` in rpm, 0 to ``RPM_MAX``."""

    run: bool = True
    inlet: bool = True
    outlet: bool = True
    automatic: bool = True
    setpoint: int = RATED_RPM

    def take(self, told: Mapping[str, float]) -> None:
        """Values as they stand in a device's memory."""
        self.run, self.inlet = bool(told["run"]), bool(told["inlet"])
        self.outlet, self.automatic = bool(told["outlet"]), bool(told["automatic"])
        self.setpoint = min(int(told["setpoint"]), RPM_MAX)


class Plant:
    """A plant since it began; ``at_s`` seconds ago by its own clock."""

    def __init__(self, seed: int = 1, trouble: Trouble = untroubled) -> None:
        self.commands = Commands()
        self._trouble = trouble
        self._chance = random.Random(seed)
        self._steps = 0
        self._owed_s = 0.0
        self._rpm = 0.0
        self._temperature = AMBIENT_C
        self._level = 55.0
        self._pieces = 0.0
        self._energy = 6_000_000_000.0
        self._alarms = dict.fromkeys(ALARMS, False)
        self._sensed: dict[str, float] = {}
        self._sense(0.0, 0.0)

    @property
    def at_s(self) -> float:
        return self._steps * STEP_S

    def advance(self, seconds: float) -> None:
        """Let so much time pass; what is less than a step is kept for the next call."""
        self._owed_s += seconds
        steps = int(self._owed_s / STEP_S + 1e-9)
        self._owed_s -= steps * STEP_S
        for _ in range(steps):
            self._step()

    def values(self) -> dict[str, float]:
        """Commands, measurements, counters and alarms by the keys of ``tags``."""
        told = self.commands
        counted = {"pieces": int(self._pieces) % 2**32, "energy": int(self._energy)}
        bits = {
            "run": told.run,
            "inlet": told.inlet,
            "outlet": told.outlet,
            "automatic": told.automatic,
            "running": self._rpm > RUNNING_RPM,
            "troubled": self._trouble(self.at_s) > TROUBLED,
            **self._alarms,
        }
        setpoint = {"setpoint": told.setpoint}
        return self._sensed | counted | setpoint | {key: int(bit) for key, bit in bits.items()}

    def _step(self) -> None:
        self._steps += 1
        bad = self._trouble(self.at_s)
        current = self._turn(bad)
        self._warm(current, bad)
        self._flow()
        self._sense(current, bad)

    def _turn(self, bad: float) -> float:
        """Move the motor on; the current it takes."""
        told = self.commands
        wanted = told.setpoint if told.run else 0
        pull = (wanted - self._rpm) / INERTIA_S
        self._rpm += pull * STEP_S
        if wanted == 0 and self._rpm < STANDING_RPM:
            self._rpm = 0.0
        speed = self._rpm / RATED_RPM
        self._pieces += PIECES_PER_S * speed * STEP_S
        if not told.run:
            return 0.0
        load = 1.0 + 0.05 * math.sin(self.at_s / 7.0)
        current = (2.0 + 7.5 * load * speed + 0.01 * max(pull, 0.0)) * (1 + 0.55 * bad)
        self._energy += current * WATTS_PER_A * STEP_S / 3600.0
        return current

    def _warm(self, current: float, bad: float) -> None:
        steady = AMBIENT_C + HEAT_C_PER_A2 * current**2 + 25.0 * bad
        self._temperature += (steady - self._temperature) * STEP_S / WARMING_S

    def _flow(self) -> None:
        told = self.commands
        if told.automatic:
            limit = INLET_CLOSES_PCT if told.inlet else INLET_OPENS_PCT
            told.inlet = self._level < limit
        into = FILL_PCT_PER_S if told.inlet else 0.0
        out = DRAIN_PCT_PER_S * math.sqrt(self._level / 100) if told.outlet else 0.0
        self._level = min(100.0, max(0.0, self._level + (into - out) * STEP_S))

    def _sense(self, current: float, bad: float) -> None:
        noise = self._chance.gauss
        turning = self._rpm > RUNNING_RPM
        rpm = self._rpm + (noise(0, 1.5 + 25 * bad) if turning else 0.0)
        self._sensed = {
            "rpm": max(0.0, rpm),
            "current": max(0.0, current + noise(0, 0.05 + 0.4 * bad)),
            "temperature": self._temperature + noise(0, 0.08),
            "level": min(100.0, max(0.0, self._level + noise(0, 0.05))),
        }
        for key, (value, alarm) in ALARMS.items():
            self._alarms[key] = alarm.after(self._alarms[key], self._sensed[value])
