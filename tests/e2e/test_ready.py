"""Readiness of the whole hub as users run it."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from os import kill
from typing import Any

import pytest

from tests.live import Live, running, wait_for, wait_until

CHECKS = "/readyz/?checks=db,worker,devices,disk,redis"


def asked(hub: Live) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(hub.root + CHECKS, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


def test_a_hub_that_was_started_is_ready(live: Live) -> None:
    told = wait_for(lambda: asked(live), lambda told: told[0] == 200, "the workers are at work")
    checks = told[1]["checks"]
    assert {name: told["status"] for name, told in checks.items()} == {
        "db": "ok",
        "worker": "ok",
        "devices": "ok",
        "disk": "ok",
        "redis": "not_configured",
    }


def test_a_worker_that_is_stopped_is_missed_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(tmp_path_factory.mktemp("ready"), HUB_WEB_WORKERS="1") as hub:
        wait_until(lambda: asked(hub)[0] == 200, "the worker is at work")
        hub.process.send_signal(signal.SIGSTOP)
        try:
            kill(hub.children("only timetable")[0], signal.SIGTERM)
            wait_until(lambda: asked(hub)[0] == 503, "it is missed")
        finally:
            hub.process.send_signal(signal.SIGCONT)
        wait_until(lambda: asked(hub)[0] == 200, "it is back")
