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
from itertools import accumulate
from pathlib import Path

import pytest
from pymongo.database import Database

from hub.settings import Settings
from hub.wiring import open_hub
from tests.integration.polling.plant import Beside, Loop, Plant
from tests.live import PATIENCE_S, ROOT, wait_until

DEVICES = 6
INTERVAL_S = 0.5


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
        process.wait(PATIENCE_S)


@dataclass(frozen=True)
class Story:
    """Three workers, of which one was killed, one paused for longer than its leases last.

    ``before``, ``meanwhile`` and ``after`` say how many devices each worker had, ``values`` when
    each stream's values were read (ms), ``harm`` and ``woken`` when it happened, ``taken_over``
    how many values each stream got between the two.
    """

    before: Counter[str | None]
    meanwhile: Counter[str | None]
    after: Counter[str | None]
    values: dict[int, list[int]]
    harm: float
    woken: float
    taken_over: dict[int, int]


def shares(plant: Plant) -> Counter[str | None]:
    states = plant.services.device_states.get(plant.made)
    return Counter(state.worker for state in states.values() if state.status == "up")


def is_even(found: Counter[str | None], workers: int) -> bool:
    return None not in found and [*found.values()] == [DEVICES // workers] * workers


def shared(plant: Plant, workers: int) -> Counter[str | None]:
    """Wait until so many workers share the devices evenly; how they do."""
    found: list[Counter[str | None]] = []

    def evenly() -> bool:
        found.append(shares(plant))
        return is_even(found[-1], workers)

    wait_until(evenly, f"each of {workers} has its share")
    return found[-1]


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
            device = plant.device(beside.machine().port, poll_interval=INTERVAL_S, timeout=30.0)
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
    before = shared(plant, 3)
    harm = time.time()
    killed.kill()
    paused.send_signal(signal.SIGSTOP)
    meanwhile = shared(plant, 1)
    counts = {stream: len(plant.points(stream)) for stream in streams}
    wait_until(
        lambda: all(len(plant.points(stream)) > counts[stream] for stream in streams),
        "one reads everything",
    )
    woken = time.time()
    taken_over = {
        stream: sum(1000 * harm < at <= 1000 * woken for at, _ in plant.points(stream))
        for stream in streams
    }
    paused.send_signal(signal.SIGCONT)
    after = shared(plant, 2)
    for each in (paused, left):
        each.terminate()
    assert [each.wait(PATIENCE_S) for each in (paused, left)] == [0, 0]
    values = {stream: [at for at, _ in plant.points(stream)] for stream in streams}
    return Story(before, meanwhile, after, values, harm, woken, taken_over)


def test_each_worker_has_its_share(story: Story) -> None:
    assert len(story.before) == 3


def test_what_a_killed_or_paused_worker_had_is_taken_over(story: Story) -> None:
    assert min(story.taken_over.values()) > 0
    assert story.meanwhile.keys() < story.before.keys()


def test_a_worker_that_wakes_up_gets_a_share_again(story: Story) -> None:
    assert len(story.after) == 2
    assert story.after.keys() < story.before.keys()


def test_no_two_workers_poll_a_device_at_the_same_time(story: Story) -> None:
    """What is late is followed by what is not: so much more than the ticks of a stretch there is,
    and what two workers read grows beyond it."""
    for times in story.values.values():
        ahead = [number - at / (1000 * INTERVAL_S) for number, at in enumerate(times)]
        least = accumulate(ahead, min)
        assert max(now - before for now, before in zip(ahead, least, strict=True)) < 4


def test_what_was_well_goes_on_all_the_time(story: Story) -> None:
    """Every device was polled until the end, whatever happened before."""
    for times in story.values.values():
        assert times[0] < 1000 * story.harm
        assert times[-1] > 1000 * story.woken
