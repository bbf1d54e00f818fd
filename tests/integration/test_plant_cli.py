"""The command line of devices, and keys for all of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.root import hub
from hub.cli.stream import ADMIN
from hub.services import Services
from hub.settings import Settings
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
