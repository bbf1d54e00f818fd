"""Several workers: each polls its share, and what one leaves or loses is taken over by another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from pymongo.database import Database

from hub.settings import Settings
from hub.wiring import open_hub
from tests.integration.polling.plant import Beside, Loop, Plant
from tests.live import ROOT, wait_until

DEVICES = 6
INTERVAL_S = 0.5
TAKEN_OVER_S = 20.0


@contextmanager
def worker(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that polls, ended in the end."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    env = own | {
        "HUB_MONGO_URI": settings.mongo_uri or "",
        "HUB_MONGO_DB": settings.mongo_db,
        "HUB_SECRET": settings.secret or "",
        "HUB_DATA_DIR": str(folder),
        "HUB_POLLING_FLUSH_S": "0.2",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.worker", "--only", "polling"], env=env, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


@dataclass(frozen=True)
class Story:
    """Three workers, of which one was killed, one paused for longer than its leases last.

    ``before``, ``meanwhile`` and ``after`` say how many devices each worker had, ``values`` when
    each stream's values were read (ms), ``harm`` and ``woken`` when it happened.
    """

    before: Counter[str | None]
    meanwhile: Counter[str | None]
    after: Counter[str | None]
    values: dict[int, list[int]]
    harm: float
    woken: float
    ended_s: float


def shares(plant: Plant) -> Counter[str | None]:
    states = plant.services.device_states.get(plant.made)
    return Counter(state.worker for state in states.values() if state.status == "up")


def is_even(found: Counter[str | None], workers: int) -> bool:
    return None not in found and [*found.values()] == [DEVICES // workers] * workers


@pytest.fixture(scope="module")
def story(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    hub, loop = open_hub(settings), Loop()
    plant, beside = Plant(hub.services, database), Beside(loop)
    with ExitStack() as stack:
        stack.callback(hub.close)
        stack.callback(loop.close)
        stack.callback(beside.close)
        streams = []
        for _ in range(DEVICES):
            device = plant.device(beside.machine().port, poll_interval=INTERVAL_S, timeout=2.0)
            streams.append(plant.stream(device, "hr:1"))
        folder = tmp_path_factory.mktemp("workers")
        killed, paused, left = (
            stack.enter_context(worker(settings, folder / str(number))) for number in range(3)
        )
        yield told(plant, streams, killed, paused, left)


def told(
    plant: Plant,
    streams: list[int],
    killed: subprocess.Popen[bytes],
    paused: subprocess.Popen[bytes],
    left: subprocess.Popen[bytes],
) -> Story:
    wait_until(lambda: is_even(shares(plant), 3), "each of three has its share")
    before, harm = shares(plant), time.time()
    killed.kill()
    paused.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_even(shares(plant), 1), "one has everything")
    meanwhile, woken = shares(plant), time.time()
    paused.send_signal(signal.SIGCONT)
    wait_until(lambda: is_even(shares(plant), 2), "each of two has its share")
    after, began = shares(plant), time.monotonic()
    for each in (paused, left):
        each.terminate()
    assert [each.wait(60) for each in (paused, left)] == [0, 0]
    ended_s = time.monotonic() - began
    values = {stream: [at for at, _ in plant.points(stream)] for stream in streams}
    return Story(before, meanwhile, after, values, harm, woken, ended_s)


def test_each_worker_has_its_share(story: Story) -> None:
    assert len(story.before) == 3


def test_what_a_killed_or_paused_worker_had_is_taken_over_in_time(story: Story) -> None:
    """The gap in each stream says how long nobody read it; states are told some seconds later."""
    for times in story.values.values():
        assert max(b - a for a, b in pairwise(times)) < 1000 * TAKEN_OVER_S
    assert story.meanwhile.keys() < story.before.keys()


def test_a_worker_that_wakes_up_gets_a_share_again(story: Story) -> None:
    assert len(story.after) == 2
    assert story.after.keys() < story.before.keys()


def test_no_poll_is_stored_twice_whoever_did_it(story: Story) -> None:
    """All workers of a host have the same grid: what two of them read lies close together."""
    for times in story.values.values():
        assert min(b - a for a, b in pairwise(times)) > 1000 * INTERVAL_S * 0.2


def test_what_was_well_goes_on_all_the_time(story: Story) -> None:
    """Every device was polled until the end, whatever happened before."""
    for times in story.values.values():
        assert times[0] < 1000 * story.harm
        assert times[-1] > 1000 * story.woken


def test_workers_end_within_seconds(story: Story) -> None:
    assert story.ended_s < 15
