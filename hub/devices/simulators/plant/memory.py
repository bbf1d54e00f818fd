"""What the memory of every simulator can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from hub.devices.simulators.plant.tags import Tag


class Memory(ABC):
    """A simulator that listens while it is an async context; ``port`` is then its own."""

    port: int

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            await self._open(opening)
            self._opened = opening.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.aclose()

    @abstractmethod
    async def _open(self, opening: AsyncExitStack) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be used.
        """

    @abstractmethod
    async def get(self, tag: Tag) -> float: ...

    @abstractmethod
    async def put(self, tag: Tag, value: float) -> None: ...
