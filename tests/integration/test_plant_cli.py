"""The command line of devices, and keys for all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.root import hub
from hub.cli.stream import ADMIN
from hub.services import Services
from hub.settings import Settings
from hub.values import DeviceState
from tests.plant import fresh


@pytest.fixture
def run(settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A command on the database of the tests."""
    monkeypatch.setenv("HUB_MONGO_URI", settings.mongo_uri or "")
    monkeypatch.setenv("HUB_MONGO_DB", settings.mongo_db)
    monkeypatch.setenv("HUB_SECRET", settings.secret or "")

    def command(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(hub, arguments, input=stdin)

    return command


def value(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_device_is_made_changed_listed_and_deleted(run: Any):
    name = fresh()
    options = ("--kind", "melsec", "--host", "plc", "--port", "5007", "--poll-interval", "500s")
    made = value(run("device", "create", name, *options, "--disable", "--json"))
    assert (made["name"], made["port"], made["enabled"]) == (name, 5007, False)
    assert made["poll_interval"] == 500
    number = str(made["id"])
    stdin = json.dumps({"options": {"frame": "4E"}, "host": "not this"})
    command = ("device", "change", number, "--host", "plc-2", "--definition", "-", "--json")
    changed = value(run(*command, stdin=stdin))
    assert (changed["host"], changed["options"]["frame"]) == ("plc-2", "4E")
    assert changed in value(run("device", "list", "--json"))
    assert changed == value(run("device", "show", number, "--json"))
    assert run("device", "delete", number, "--yes").output == "Deleted.\n"
    assert run("device", "show", number).exit_code == 1


def test_the_state_of_its_polling_is_shown(run: Any, services: Services):
    device = services.plant.devices.create({"name": fresh(), "kind": "ai"}, ADMIN)
    number, at = str(device.id), datetime(2030, 1, 1, tzinfo=UTC)
    error = {"code": "device_timeout", "message": "it did not answer", "at": at}
    state = DeviceState(device=device.id, status="down", since=at, counted_from=at, error=error)
    services.workers.tell("here", timedelta(minutes=5))
    services.device_states.put([replace(state, worker="here")])
    said = "down since 2030-01-01T00:00:00Z; last error 2030-01-01T00:00:00Z: device_timeout"
    assert said in run("device", "show", number).output
    listed = run("device", "list").output.splitlines()
    assert listed[0].split() == ["DEVICE", "NAME", "KIND", "HOST", "PORT", "STATUS", "CREATED"]
    (line,) = (each for each in listed if each.split()[0] == number)
    assert " down " in line


def test_a_secret_is_not_shown(run: Any):
    body = {"name": fresh(), "kind": "opcua", "host": "plc"}
    options = {"options": {"user": "anna", "password": "h0rse"}}
    command = ("device", "create", body["name"], "--definition", "-")
    result = run(*command, stdin=json.dumps(body | options))
    assert result.exit_code == 0
    assert '"password_set":true' in result.output
    assert "h0rse" not in result.output


def test_what_is_wrong_is_said(run: Any):
    result = run("device", "create", fresh(), "--kind", "opcua")
    assert result.exit_code == 1
    assert "host: Missing data" in result.output
    unread = run("device", "create", fresh(), "--definition", "-", stdin="[1]")
    assert unread.exit_code == 2


def test_data_go_with_their_device_or_stay(run: Any, services: Services):
    plant = services.plant
    for cascade, left in (("delete", 0), ("detach", 1)):
        device = plant.devices.create({"name": fresh(), "kind": "ai"}, ADMIN)
        data = plant.data.create({"name": fresh(), "device": device.id}, ADMIN)
        command = ("device", "delete", str(device.id), "--yes")
        assert run(*command).exit_code == 1
        assert run(*command, "--cascade", cascade).exit_code == 0
        found = [each for each in services.purging.deleted() if each.id == data.id]
        assert len(found) == 1 - left


def test_a_key_for_all_devices_makes_one(run: Any, services: Services):
    command = ("key", "create", "k", "--scope", "device:write", "--all-devices", "--json")
    made = value(run(*command))
    principal = services.keys.verify(made["key"])
    assert principal
    assert services.plant.devices.create({"name": fresh(), "kind": "ai"}, principal).id
    both = run(*command, "--device", "1")
    assert both.exit_code == 2
