"""The processes of models, kept while they are asked."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hub.ai.running import Broken, Running
from hub.store.plant.models import Model, Models

KEPT: Final = 4
"""A process holds tens of megabytes, and its start takes a fraction of a second."""


class Runners:
    """Of one thread at a time."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: OrderedDict[int, tuple[Model, Running]] = OrderedDict()

    def of(self, model: Model) -> Running:
        """The process of a model.

        Raises:
            Unfit: the model cannot be run.
            NotFound: it is not there any more.
        """
        known = self._known.pop(model.device, None)
        if known and (known[0].file != model.file or known[1].worn):
            known[1].close()
            known = None
        if known is None:
            known = model, Running(self._models.content(model), model.kind)
        self._known[model.device] = known
        while len(self._known) > KEPT:
            self._known.popitem(last=False)[1][1].close()
        return known[1]

    def forget(self, device: int) -> None:
        """Let go of a device's process."""
        if known := self._known.pop(device, None):
            known[1].close()

    def close(self) -> None:
        for device in list(self._known):
            self.forget(device)


__all__ = ["KEPT", "Broken", "Runners"]
