"""Devices as tests make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.values import Device, DeviceKind, Document

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def device(
    kind: DeviceKind,
    port: int = 1,
    *,
    host: str = "127.0.0.1",
    unit: int | None = None,
    timeout_s: float = 60.0,
    options: Document | None = None,
    **more: Any,
) -> Device:
    return Device(
        id=1,
        name="machine",
        kind=kind,
        host=host,
        port=port,
        unit=unit,
        enabled=True,
        poll_interval_s=1.0,
        timeout_s=timeout_s,
        options=(options or {}) | more,
        description="",
        tags={},
        created=EPOCH,
        updated=EPOCH,
    )
