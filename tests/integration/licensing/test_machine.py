"""What tells one machine from another: by the first source that lasts, hashed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.services.licensing.machine import SALT, Machine, this_machine

ID = "0123456789abcdef0123456789abcdef"
MACHINE_ID, DBUS = "etc/machine-id", "var/lib/dbus/machine-id"
DMI = "sys/class/dmi/id/product_uuid"
CARD = "sys/class/net/{}/address"


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def card(root: Path, name: str, address: str, *, real: bool = True) -> None:
    write(root, CARD.format(name), f"{address}\n")
    if real:
        (root / CARD.format(name)).with_name("device").mkdir()


def hashed(source: str, text: str) -> Machine:
    return Machine(hashlib.sha256(SALT + f"{source}:{text}".encode()).hexdigest(), source)


@pytest.mark.parametrize("name", [MACHINE_ID, DBUS])
def test_its_machine_id_comes_first(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, f"{ID}\n")
    found = this_machine(tmp_path)
    write(tmp_path, DMI, "4C4C4544\n")
    card(tmp_path, "eth0", "02:00:00:00:00:01")
    assert this_machine(tmp_path) == found == hashed("machine-id", ID)


@pytest.mark.parametrize("empty", ["", "\n", "uninitialized\n"])
def test_a_machine_id_that_is_none(tmp_path: Path, empty: str) -> None:
    write(tmp_path, MACHINE_ID, empty)
    write(tmp_path, DMI, "4C4C4544-0042\n")
    assert this_machine(tmp_path) == hashed("dmi", "4c4c4544-0042")


def test_real_network_cards_in_any_order(tmp_path: Path) -> None:
    card(tmp_path, "eth0", "02:00:00:00:00:0B")
    card(tmp_path, "eth1", "02:00:00:00:00:0a")
    card(tmp_path, "docker0", "02:42:00:00:00:01", real=False)
    text = ",".join(sorted(["02:00:00:00:00:0B", "02:00:00:00:00:0a"])).lower()
    assert this_machine(tmp_path) == hashed("mac", text)


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    card(tmp_path, "docker0", "02:42:00:00:00:01", real=False)
    (tmp_path / MACHINE_ID).mkdir(parents=True)
    assert this_machine(tmp_path) == Machine(None, None)


def test_this_one_is_the_same_each_time() -> None:
    assert this_machine() == this_machine()
