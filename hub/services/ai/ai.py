"""AI devices as one: what their door and the worker work with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.ai.fits import Fitting
from hub.services.ai.inferring import Inferring
from hub.services.ai.uploading import Uploading


@dataclass(frozen=True, slots=True)
class Ai:
    uploading: Uploading
    inferring: Inferring
    fitting: Fitting
