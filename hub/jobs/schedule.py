"""The timetable: which jobs there are and how often each runs."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from apscheduler.schedulers.base import BaseScheduler

from hub.errors import HubError
from hub.jobs.holding import Holding
from hub.jobs.inference import infer
from hub.jobs.pacing import Paced
from hub.jobs.purge import purge
from hub.jobs.retention import retain
from hub.jobs.streams import backfill, downsample, feed, purge_streams
from hub.services import Services
from hub.store.plant.device_states import SCORING

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
    lease: timedelta = timedelta(seconds=30)
    """A run takes less than half of it; so long others wait for the job of a worker that died."""


LONG = timedelta(minutes=10)
SLACK = timedelta(seconds=1)


def timetable(services: Services, stopping: Event) -> tuple[Job, ...]:
    return (
        Job("downsample", Paced(lambda fence: downsample(services, fence, stopping)), every_s=1),
        Job("feed", lambda _: feed(services, stopping), every_s=1),
        Job("backfill", lambda _: backfill(services, stopping), every_s=1),
        Job(SCORING, lambda _: infer(services, stopping, HOLDER), every_s=1),
        Job("retention", lambda fence: retain(services, fence, stopping), every_s=10),
        Job("purge", lambda _: purge(services.datasets, stopping), 5, LONG),
        Job("purge-streams", lambda _: purge_streams(services, stopping), 5, LONG),
    )


def bind(scheduler: BaseScheduler, services: Services, stopping: Event) -> Holding:
    """Give the scheduler its whole timetable; each job never overlaps itself.

    ``stopping`` is set when the process is to end; long jobs break off then. When they have,
    the leases that they held are to be given back.
    """
    holding = Holding(services.leases, HOLDER)
    for job in timetable(services, stopping):
        scheduler.add_job(
            held,
            "interval",
            args=(holding, job),
            seconds=job.every_s,
            id=job.id,
            max_instances=1,
            coalesce=True,
        )
    return holding


def catch_up(scheduler: BaseScheduler, now: datetime) -> None:
    """Let run now what a clock that was set back has put off: further than to its next turn."""
    for job in scheduler.get_jobs():
        if job.next_run_time - now > job.trigger.interval + SLACK:
            job.modify(next_run_time=now)


def once(services: Services, job: Job) -> object:
    """Run a job now, if no worker is at it; what it returned, None where it did not run."""
    holding = Holding(services.leases, HOLDER)
    done = held(holding, job)
    holding.give_back(job.id)
    return done


def held(holding: Holding, job: Job) -> object:
    """Run a job if no other worker is at it. What the hub expects to fail is tried again later."""
    try:
        fence = holding.fence(job.id, job.lease)
        if fence is not None:
            return job.run(fence)
    except HubError as exc:
        log.warning("job %s: %s", job.id, exc.message)
    return None
