"""The timetable: which jobs there are and how often each runs."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from apscheduler.schedulers.base import BaseScheduler

from hub.errors import HubError
from hub.jobs.purge import purge
from hub.jobs.streams import backfill, downsample, feed, purge_streams
from hub.services import Services

log = logging.getLogger(__name__)

HOLDER = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` is called every ``every_s`` seconds, by one worker of all at a time.

    It gets the fencing token of its lease: greater than that of any run before it.
    """

    id: str
    run: Callable[[int], object]
    every_s: float
    lease: timedelta = timedelta(minutes=10)


def timetable(services: Services, stopping: Event) -> tuple[Job, ...]:
    return (
        Job("downsample", lambda fence: downsample(services, fence, stopping), every_s=1),
        Job("feed", lambda _: feed(services, stopping), every_s=1),
        Job("backfill", lambda _: backfill(services), every_s=1),
        Job("purge", lambda _: purge(services.datasets, stopping), every_s=5),
        Job("purge-streams", lambda _: purge_streams(services, stopping), every_s=5),
    )


def bind(scheduler: BaseScheduler, services: Services, stopping: Event) -> None:
    """Give the scheduler its whole timetable; each job never overlaps itself.

    ``stopping`` is set when the process is to end; long jobs break off then.
    """
    for job in timetable(services, stopping):
        scheduler.add_job(
            held,
            "interval",
            args=(services, job),
            seconds=job.every_s,
            id=job.id,
            max_instances=1,
            coalesce=True,
        )


def held(services: Services, job: Job) -> None:
    """Run a job if no other worker is at it. What the hub expects to fail is tried again later."""
    try:
        fence = services.leases.take(job.id, HOLDER, job.lease)
        if fence is None:
            return
        try:
            job.run(fence)
        finally:
            services.leases.give_back(job.id, HOLDER)
    except HubError as exc:
        log.warning("job %s: %s", job.id, exc.message)
