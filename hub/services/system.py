"""What the hub does beside keeping data."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.hamachi.hamachi import Hamachi
from hub.services.licensing.licensing import Licensing
from hub.services.terminal.terminal import Terminal


@dataclass(frozen=True, slots=True)
class System:
    """``hamachi`` is the machine's virtual network, ``licensing`` the hub's licence."""

    hamachi: Hamachi
    licensing: Licensing
    terminal: Terminal
