"""A weather station's day: documents as such a sensor sends them (docs/feed.md).

The same seed gives the same day. Values hang together as they do outdoors: the temperature
follows the sun, humidity falls while it rises, the battery charges by day, and now and then the
rain gauge is silent or the station skips a reading.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

EVERY = timedelta(minutes=5)
A_DAY = timedelta(days=1)


def day(start: datetime, *, station: str = "ridge-07", seed: int = 7) -> Iterator[dict[str, Any]]:
    """A day of readings from ``start`` (aware), one every five minutes, a few missing."""
    chance = random.Random(seed)
    pressure = 1013.0 + chance.gauss(0, 4)
    at, number = start, 0
    while at < start + A_DAY:
        number += 1
        pressure += chance.gauss(0, 0.08)
        if chance.random() > 0.02:
            yield _reading(at, station, number, pressure, chance)
        at += EVERY


def _reading(
    at: datetime, station: str, number: int, pressure: float, chance: random.Random
) -> dict[str, Any]:
    hour = at.hour + at.minute / 60
    sun = max(0.0, math.sin((hour - 6) / 12 * math.pi))
    temperature = 8.0 + 9.0 * math.sin((hour - 9) / 12 * math.pi) + chance.gauss(0, 0.25)
    humidity = min(100.0, max(20.0, 78.0 - 2.4 * (temperature - 8.0) + chance.gauss(0, 1.5)))
    raining = 15 <= hour < 17
    return {
        "station": station,
        "reading": number,
        "measured_at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "temperature_c": round(temperature, 2),
        "humidity_pct": round(humidity, 1),
        "pressure_hpa": round(pressure, 2),
        "wind": {
            "speed_ms": round(abs(chance.gauss(2.5 + 3 * sun, 1.2)), 2),
            "direction_deg": round(chance.gauss(240, 25)) % 360,
        },
        "rain_mm": None if chance.random() < 0.01 else round(raining * chance.random() * 0.6, 2),
        "solar_wm2": round(820 * sun * chance.uniform(0.75, 1.0), 1),
        "battery_v": round(3.62 + 0.45 * sun + chance.gauss(0, 0.01), 3),
        "ok": True,
    }
