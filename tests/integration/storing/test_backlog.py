"""The file in which values wait: bounded, in order, safe from crashes, and never fatal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from hub.errors import Unavailable
from hub.services.devices.waiting import Waiting
from hub.services.devices.waves import Run, Wave, count
from hub.store.plant.backlog import Backlog, Damaged, left_behind
from tests.live import ROOT

MANY = 10_000_000
ROOM = 1_000_000
T = TypeVar("T", bound="Backlog | Waiting")


class Places:
    """Makes what lets values wait, and closes it in the end."""

    def __init__(self) -> None:
        self.made: list[Backlog | Waiting] = []

    def backlog(self, path: Path) -> Backlog:
        return self.keep(Backlog(path, ROOM))

    def waiting(self, folder: Path, room: int = ROOM, memory: int = MANY) -> Waiting:
        return self.keep(Waiting(folder, room, memory))

    def left(self, folder: Path) -> list[Backlog]:
        return [self.keep(one) for one in left_behind(folder, ROOM)]

    def keep(self, one: T) -> T:
        self.made.append(one)
        return one


@pytest.fixture
def places() -> Iterator[Places]:
    made = Places()
    yield made
    for one in made.made:
        one.close()


@pytest.fixture
def backlog(tmp_path: Path, places: Places) -> Backlog:
    return places.backlog(tmp_path / "own.sqlite")


def wave(at: int, *, stream: int = 1, device: int = 1, width: int = 0) -> Wave:
    made = Run(device, width)
    made.add(at, at / 2, uncertain=False)
    return {stream: made}


def times(waiting: Waiting) -> list[int]:
    """The times of all that waits, in the order in which it is stored."""
    found: list[int] = []
    while (taken := waiting.take(1)) is not None:
        found += [at for run in taken.wave.values() for at in run.at]
        taken.forget()
    return found


def test_nothing_is_made_before_something_waits(tmp_path: Path, places: Places) -> None:
    waiting = places.waiting(tmp_path / "polled")
    assert waiting.take(MANY) is None
    waiting.close()
    assert list(tmp_path.iterdir()) == []


def test_what_comes_first_leaves_first(backlog: Backlog) -> None:
    backlog.put([(1, b"a"), (2, b"b")])
    backlog.put([(3, b"c")])
    assert [one.content for one in backlog.oldest(MANY)] == [b"a", b"b", b"c"]
    assert [one.content for one in backlog.oldest(2)] == [b"a", b"b"]
    assert backlog.waiting == 6


def test_what_is_done_is_forgotten(backlog: Backlog) -> None:
    backlog.put([(1, b"a"), (2, b"b"), (3, b"c")])
    backlog.done(backlog.oldest(MANY)[1].seq)
    assert [one.content for one in backlog.oldest(MANY)] == [b"c"]
    assert backlog.waiting == 3


def test_the_oldest_go_where_there_is_no_room(backlog: Backlog) -> None:
    for number in range(12):
        gone = backlog.put([(10, bytes([number]) * 100_000)])
        assert gone == (10 if number >= 10 else 0)
    assert [one.content[0] for one in backlog.oldest(MANY)] == list(range(2, 12))
    assert backlog.waiting == 100
    assert backlog.lost() == 20
    backlog.told()
    assert backlog.lost() == 0


def test_an_empty_file_goes_and_another_stays(
    backlog: Backlog, tmp_path: Path, places: Places
) -> None:
    backlog.put([(1, b"a")])
    backlog.close()
    assert backlog.path.exists()
    (again,) = places.left(tmp_path)
    again.look()
    assert again.waiting == 1
    again.done(again.oldest(MANY)[0].seq)
    again.close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_process_that_lives_is_left_alone(
    backlog: Backlog, tmp_path: Path, places: Places
) -> None:
    backlog.put([(1, b"a")])
    assert places.left(tmp_path) == []


WRITER = """
import sys
from pathlib import Path
from hub.store.plant.backlog import Backlog
backlog = Backlog(Path(sys.argv[1]), 10**9)
for number in range(10**6):
    backlog.put([(1, str(number).encode() * 100)])
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_that_was_put_on_disk(tmp_path: Path, places: Places) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "dead.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(50)]
        os.kill(writer.pid, signal.SIGKILL)
        said += [int(line) for line in writer.stdout.read().split()]
    (held,) = places.left(tmp_path)
    held.look()
    kept = [int(one.content[: len(one.content) // 100]) for one in held.oldest(MANY)]
    assert kept[: len(said)] == said
    assert kept == list(range(len(kept)))


def test_a_file_that_is_damaged_is_known(backlog: Backlog, tmp_path: Path) -> None:
    backlog.path.write_bytes(b"this is not a database, however long it may be" * 100)
    with pytest.raises(Damaged):
        backlog.put([(1, b"a")])


def test_a_damaged_file_is_set_aside_and_told_and_the_values_wait(
    tmp_path: Path, places: Places
) -> None:
    waiting = places.waiting(tmp_path)
    waiting.add(wave(1))
    (path,) = tmp_path.glob("*.sqlite")
    waiting.close()
    path.write_bytes(b"garbage" * 10_000)
    again = places.waiting(tmp_path)
    again.adopt()
    again.add(wave(2))
    assert times(again) == [2]
    assert len(again.news) == 1
    assert path.with_name(path.name + ".broken").read_bytes().startswith(b"garbage")


def test_a_wave_that_is_damaged_is_passed_over_and_counted(tmp_path: Path, places: Places) -> None:
    held = places.backlog(tmp_path / "dead.sqlite")
    held.put([(5, b"nonsense")])
    held.close()
    waiting = places.waiting(tmp_path)
    waiting.adopt()
    waiting.add(wave(2))
    taken = waiting.take(MANY)
    assert taken is not None
    assert (taken.wave, taken.damaged) == ({}, 5)
    taken.forget()
    assert times(waiting) == [2]


def test_what_the_dead_left_comes_before_what_came_later(tmp_path: Path, places: Places) -> None:
    dead = places.waiting(tmp_path)
    dead.add(wave(1))
    dead.add(wave(2))
    dead.close()
    waiting = places.waiting(tmp_path)
    waiting.add(wave(3))
    waiting.adopt()
    assert waiting.values == 3
    assert times(waiting) == [1, 2, 3]
    waiting.tidy()
    waiting.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing_is_told_once_and_memory_has_it(
    tmp_path: Path, places: Places
) -> None:
    (tmp_path / "polled").write_text("no folder")
    waiting = places.waiting(tmp_path / "polled")
    waiting.add(wave(1))
    waiting.add(wave(2))
    assert (waiting.values, len(waiting.news)) == (2, 1)
    (tmp_path / "polled").unlink()
    waiting.add(wave(3))
    assert len(list((tmp_path / "polled").glob("*.sqlite"))) == 1
    assert times(waiting) == [1, 2, 3]


def test_memory_is_bounded_where_the_disk_takes_nothing(tmp_path: Path, places: Places) -> None:
    (tmp_path / "polled").write_text("no folder")
    waiting = places.waiting(tmp_path / "polled", memory=200)
    for at in range(20):
        waiting.add(wave(at))
    kept = times(waiting)
    assert 0 < len(kept) < 20
    assert kept == list(range(20 - len(kept), 20))
    assert waiting.overflowed == 20 - len(kept)


def test_what_overflows_is_counted(tmp_path: Path, places: Places) -> None:
    waiting = places.waiting(tmp_path, 2_000)
    for at in range(100):
        waiting.add(wave(at))
    kept = times(waiting)
    assert waiting.overflowed == 100 - len(kept)
    assert kept == list(range(100 - len(kept), 100))


def test_what_the_dead_lost_and_did_not_tell_is_counted(tmp_path: Path, places: Places) -> None:
    dead = places.waiting(tmp_path, 2_000)
    for at in range(100):
        dead.add(wave(at))
    dead.close()
    waiting = places.waiting(tmp_path, 2_000)
    waiting.adopt()
    assert waiting.overflowed == dead.overflowed > 0


@pytest.mark.parametrize("to_disk", [True, False])
def test_what_is_dropped_of_what_waits_is_not_stored(
    tmp_path: Path, to_disk: bool, places: Places
) -> None:
    folder = tmp_path / "polled"
    if not to_disk:
        folder.write_text("no folder")
    waiting = places.waiting(folder)
    for at in (10, 20, 30):
        waiting.add(wave(at))
    waiting.add(wave(25, stream=2, device=2))
    waiting.drop(1, 20)
    waiting.add(wave(40))
    assert times(waiting) == [10, 25, 40]


def test_values_that_went_to_documents_of_other_widths_are_stored_apart(
    tmp_path: Path, places: Places
) -> None:
    waiting = places.waiting(tmp_path)
    waiting.add(wave(1, width=600_000))
    waiting.add(wave(2, width=600_000))
    waiting.add(wave(3, width=3_600_000))
    sizes = []
    while (taken := waiting.take(MANY)) is not None:
        sizes.append((count(taken.wave), taken.wave[1].width))
        taken.forget()
    assert sizes == [(2, 600_000), (1, 3_600_000)]


def test_a_file_that_cannot_be_opened_changes_nothing(tmp_path: Path, places: Places) -> None:
    (tmp_path / "own.sqlite").mkdir()
    with pytest.raises(Unavailable):
        places.backlog(tmp_path / "own.sqlite").put([(1, b"a")])
