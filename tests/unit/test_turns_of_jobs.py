"""Turns of the timetable when the clock of the day is set back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from hub.jobs.schedule import catch_up


@pytest.fixture
def scheduler() -> Iterator[BackgroundScheduler]:
    """With jobs of two paces, none of which runs."""
    made = BackgroundScheduler(timezone="UTC")
    for every_s in (100, 500):
        made.add_job(print, "interval", seconds=every_s)
    made.start(paused=True)
    yield made
    made.shutdown()


def turns(scheduler: BackgroundScheduler) -> list[datetime]:
    return [job.next_run_time for job in scheduler.get_jobs()]


def test_what_a_clock_that_was_set_back_put_off_runs_at_once(
    scheduler: BackgroundScheduler,
) -> None:
    earlier = min(turns(scheduler)) - timedelta(hours=1)
    catch_up(scheduler, earlier)
    assert turns(scheduler) == [earlier, earlier]


def test_what_waits_for_its_turn_goes_on_waiting(scheduler: BackgroundScheduler) -> None:
    before = turns(scheduler)
    catch_up(scheduler, min(before) - timedelta(seconds=100))
    assert turns(scheduler) == before


def test_a_clock_that_was_set_forward_changes_no_turn(scheduler: BackgroundScheduler) -> None:
    before = turns(scheduler)
    catch_up(scheduler, datetime.now(UTC) + timedelta(hours=1))
    assert turns(scheduler) == before
