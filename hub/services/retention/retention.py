"""All that there is to do with retention."""

from __future__ import annotations

from dataclasses import dataclass

from hub.services.retention.enforcing import Enforcing
from hub.services.retention.policies import Rules


@dataclass(frozen=True, slots=True)
class Retention:
    """``rules`` says what is kept for how long, ``enforcing`` is the worker's part."""

    rules: Rules
    enforcing: Enforcing
