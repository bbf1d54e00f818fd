"""The board, told to the store: states in bulk, edges as event logs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, TypeVar

from hub.errors import HubError, Unavailable
from hub.jobs.polling.board import Board, Edge
from hub.services.events.event_logs import EventLogs
from hub.store.plant.device_states import DeviceStates
from hub.values import EVERYTHING, Principal

log = logging.getLogger(__name__)

WORKER = Principal("worker", frozenset(), EVERYTHING, None)

P = ParamSpec("P")
T = TypeVar("T")


def beside(
    executor: Executor, ask: Callable[P, T], *args: P.args, **more: P.kwargs
) -> Awaitable[T]:
    """What ``ask`` gives, waited for in another thread."""
    return asyncio.get_running_loop().run_in_executor(executor, partial(ask, *args, **more))


class Telling:
    """To be used on the loop that polls; it waits for the store in ``executor``."""

    def __init__(
        self, board: Board, states: DeviceStates, logs: EventLogs, executor: Executor
    ) -> None:
        self._board = board
        self._states = states
        self._logs = logs
        self._executor = executor

    async def begin(self, devices: Collection[int]) -> None:
        """Count for some devices, from what is known of them. Raises HubError."""
        if devices:
            known = await beside(self._executor, self._states.get, devices)
            self._board.begin(devices, known)

    async def tell(self) -> None:
        """Tell what is new. What is not told because of an error is told the next time.

        Raises:
            HubError: the database did not take it.
        """
        states = self._board.taken()
        try:
            await beside(self._executor, self._states.put, states)
        except HubError:
            self._board.put_back(states)
            raise
        await self._tell_edges()

    async def leave(self, devices: Collection[int]) -> None:
        """Count for some devices no more, and tell so. Raises HubError."""
        states = self._board.leave(devices)
        await beside(self._executor, self._states.put, states)
        await self._tell_edges()

    async def _tell_edges(self) -> None:
        edges = self._board.edges
        while edges:
            edge = edges.popleft()
            try:
                await beside(self._executor, self._log, edge)
            except Unavailable:
                edges.appendleft(edge)
                raise
            except HubError as exc:
                log.info("%s of device %d is not told: %s", edge.kind, edge.device, exc.message)

    def _log(self, edge: Edge) -> None:
        """Raises HubError: BadField where there is no such device any more."""
        fields = {"device": edge.device, "kind": edge.kind, "timestamp": edge.at}
        told = {"message": edge.message, "url": None, "data": edge.data}
        self._logs.create(fields | told, WORKER)
