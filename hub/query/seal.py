"""Values that prove how they were made."""

from __future__ import annotations

from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Final

SEAL: Final = object()
"""For the modules of ``hub.query`` that make proofs, and for nobody else."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Made with ``SEAL`` only, so that holding one is proof.

    The seal is not kept: ``dataclasses.replace`` cannot make another one out of it.
    """

    _: KW_ONLY
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not SEAL:
            raise TypeError(f"{type(self).__name__} is made by hub.query only")
