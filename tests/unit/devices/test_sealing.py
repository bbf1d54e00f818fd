"""Secrets of devices: kept unreadable, and read by their own hub only."""

from __future__ import annotations

import pytest

from hub.devices.opcua.driver import Opcua
from hub.errors import BadField
from hub.services.devices.opening import Drivers
from hub.services.devices.sealing import KEY_BYTES, Seals
from tests.devices import device

OPTIONS = {"user": "anna", "password": "wörd", "private_key": None}


@pytest.fixture
def seals() -> Seals:
    return Seals(b"k" * KEY_BYTES)


def test_only_the_secrets_are_sealed(seals: Seals):
    kept = seals.sealed("opcua", OPTIONS)
    assert "wörd" not in str(kept)
    assert kept | {"password": None} == OPTIONS | {"password": None}


def test_what_was_sealed_is_opened(seals: Seals):
    assert seals.opened("opcua", seals.sealed("opcua", OPTIONS)) == OPTIONS


def test_a_secret_is_never_sealed_alike(seals: Seals):
    assert seals.sealed("opcua", OPTIONS) != seals.sealed("opcua", OPTIONS)


def test_another_hub_opens_nothing(seals: Seals):
    kept = Seals(b"o" * KEY_BYTES).sealed("opcua", OPTIONS)
    with pytest.raises(BadField) as refusal:
        seals.opened("opcua", kept)
    assert list(refusal.value.detail["fields"]) == ["options"]
    assert seals.legible("opcua", kept) == OPTIONS | {"password": None}


def test_kinds_without_secrets_stay_as_they_are(seals: Seals):
    assert seals.sealed("modbus", {"framing": "tcp"}) == {"framing": "tcp"}


def test_a_driver_is_opened_with_the_secrets_that_were_given(seals: Seals):
    kept = seals.sealed("opcua", {"user": "anna", "password": "wörd"})
    driver = Drivers(seals).open(device("opcua", options=kept))
    assert isinstance(driver, Opcua)
    assert driver._options["password"] == "wörd"
