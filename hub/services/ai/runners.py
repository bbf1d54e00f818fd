"""The processes of models, kept while they are asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from hub.ai.running import Broken, Running
from hub.store.plant.models import Model, Models

KEPT_BYTES: Final = 768 * 1024 * 1024
"""What all processes hold together, about: their start takes a fraction of a second of work."""
PROCESS_BYTES: Final = 16 * 1024 * 1024
COPIES: Final = 3
"""So many times a process holds its model's file, about, beside its own."""
IDLE_S: Final = 600.0


@dataclass(slots=True)
class _Kept:
    model: Model
    running: Running
    used: float

    @property
    def size_bytes(self) -> int:
        return _size_bytes(self.model)


class Runners:
    """Of one thread at a time."""

    def __init__(self, models: Models, clock: Callable[[], float] = monotonic) -> None:
        self._models = models
        self._clock = clock
        self._known: OrderedDict[int, _Kept] = OrderedDict()

    def of(self, model: Model) -> Running:
        """The process of a model.

        Raises:
            Unfit: the model cannot be run.
            NotFound: it is not there any more.
        """
        known = self._known.get(model.device)
        if known and (known.model.file != model.file or known.running.worn):
            self.forget(model.device)
            known = None
        if known is None:
            self._make_room(_size_bytes(model))
            running = Running(self._models.content(model), model.kind)
            known = self._known[model.device] = _Kept(model, running, 0.0)
        known.used = self._clock()
        self._known.move_to_end(model.device)
        return known.running

    def pids(self) -> dict[int, int]:
        """The processes that are there, by device."""
        return {device: kept.running.pid for device, kept in self._known.items()}

    def forget(self, device: int) -> None:
        """Let go of a device's process."""
        if known := self._known.pop(device, None):
            known.running.close()

    def close(self) -> None:
        for device in list(self._known):
            self.forget(device)

    def _make_room(self, wanted_bytes: int) -> None:
        """End what nobody asks any more, and then what was asked last.

        All have their turns one after another: that one is the last to be asked again.
        """
        now = self._clock()
        for device, kept in list(self._known.items()):
            if now - kept.used > IDLE_S:
                self.forget(device)
        held = sum(kept.size_bytes for kept in self._known.values())
        while self._known and held + wanted_bytes > KEPT_BYTES:
            device, kept = next(reversed(self._known.items()))
            held -= kept.size_bytes
            self.forget(device)


def _size_bytes(model: Model) -> int:
    """What a model's process holds, about."""
    return PROCESS_BYTES + COPIES * model.size_bytes


__all__ = ["Broken", "Runners"]
