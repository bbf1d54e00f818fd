"""The worker process: the timetable's clock (``python -m hub.worker``)."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from hub.errors import HubError, SetupError
from hub.jobs import schedule
from hub.settings import Settings
from hub.wiring import open_hub


def main() -> None:
    """Run until SIGTERM or SIGINT; jobs under way are finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    try:
        hub = open_hub(Settings.from_env(os.environ))
    except SetupError as exc:
        sys.exit(f"hub.worker: {exc.message}")
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    scheduler = BackgroundScheduler(timezone="UTC")
    holding = schedule.bind(scheduler, hub.services, stopping)
    scheduler.start()
    stopping.wait()
    scheduler.shutdown(wait=True)
    with suppress(HubError):
        holding.give_all_back()
    hub.close()


if __name__ == "__main__":
    main()
