"""What the hub does beside keeping data: the machine's virtual network, and the licence."""

from __future__ import annotations

from hub.hamachi import client
from hub.services.hamachi.hamachi import Hamachi
from hub.services.licensing.licensing import Licensing
from hub.services.system import System
from hub.store.system.licences import Licences
from hub.wiring.ground import Ground
from hub.wiring.terminal import terminal


def system(ground: Ground) -> System:
    of, notes = ground.settings, ground.notes
    secret = ground.derived(b"hub-license")
    return System(
        Hamachi(client.Hamachi(of.hamachi_command, of.data_dir), notes),
        Licensing(Licences(ground.mongo), notes, secret, of.license_public_key),
        terminal(ground),
    )
