"""The worker process: the clock of the timetable, and polling (``python -m hub.worker``)."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Final

import click
from apscheduler.schedulers.background import BackgroundScheduler

from hub import logs
from hub.errors import HubError, SetupError
from hub.jobs import schedule
from hub.jobs.polling.loop import Poller
from hub.services import Services
from hub.settings import Settings
from hub.store.plant.naming import named
from hub.wiring import open_hub
from hub.wiring.polled import FOLDER

TIMETABLE: Final = "timetable"
POLLING: Final = "polling"
ROLES = (TIMETABLE, POLLING)
LOOK_S: Final = 1.0


@click.command()
@click.option("--only", type=click.Choice(ROLES), help="Do one half of a worker's work.")
def main(only: str | None) -> None:
    """Run until SIGTERM or SIGINT; jobs under way are finished first, and all that was polled
    is stored."""
    logs.begin(logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    try:
        settings = Settings.from_env(os.environ)
        hub = open_hub(settings)
    except SetupError as exc:
        sys.exit(f"hub.worker: {exc.message}")
    _collect_rarely()
    open_many_files()
    stopping, broken = Event(), Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    roles = ROLES if only is None else (only,)
    stops = _started(hub.services, roles, settings.data_dir / FOLDER, stopping, broken)
    stopping.wait()
    for stop in stops:
        stop()
    hub.close()
    if broken.is_set():
        sys.exit("hub.worker: polling ended by itself")


def _collect_rarely() -> None:
    """What is loaded by now stays: the collector need not look at it for every second's values."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def open_many_files() -> None:
    """Let this process hold as many connections to devices as it may, not as it is used to."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _started(
    services: Services, roles: Collection[str], polled: Path, stopping: Event, broken: Event
) -> list[Callable[[], None]]:
    """Start what a worker of some roles does; how each is stopped.

    ``polled`` is the folder of what polling keeps.
    """
    stops = []
    if POLLING in roles:
        stops.append(_polling(services, polled, stopping, broken))
    if TIMETABLE in roles:
        stops.append(_timetable(services, stopping))
    return stops


def _timetable(services: Services, stopping: Event) -> Callable[[], None]:
    scheduler = BackgroundScheduler(timezone="UTC")
    holding = schedule.bind(scheduler, services, stopping)
    scheduler.start()
    Thread(target=_keep_turns, args=(scheduler, stopping), daemon=True).start()

    def stop() -> None:
        scheduler.shutdown(wait=True)
        with suppress(HubError):
            holding.give_all_back()

    return stop


def _keep_turns(scheduler: BackgroundScheduler, stopping: Event) -> None:
    """Turns are by the clock of the day, which may be set back."""
    while not stopping.wait(LOOK_S):
        schedule.catch_up(scheduler, datetime.now(UTC))


def _polling(
    services: Services, polled: Path, stopping: Event, broken: Event
) -> Callable[[], None]:
    def end() -> None:
        broken.set()
        stopping.set()

    name = named(polled)
    poller = Poller(services, name.text, end)
    poller.start()

    def stop() -> None:
        poller.stop()
        name.give_up()

    return stop


if __name__ == "__main__":
    main()
