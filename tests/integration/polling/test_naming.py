"""Names of what a process holds: kept over a kill, and never anybody else's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from hub.store.plant.naming import ENDING, Name, named

HOLDING = """
import sys, time
from pathlib import Path
from hub.store.plant.naming import named
name = named(Path(sys.argv[1]))
print(name.text, flush=True)
time.sleep(600)
"""


@contextmanager
def holding(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A process that has a name, and that name."""
    command = [sys.executable, "-c", HOLDING, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


Have = Callable[[Path], Name]


@pytest.fixture
def have() -> Iterator[Have]:
    """Names that are given up in the end."""
    with ExitStack() as stack:

        def have(folder: Path) -> Name:
            name = named(folder)
            stack.callback(name.give_up)
            return name

        yield have


def test_who_comes_after_a_killed_process_has_its_name(tmp_path: Path, have: Have) -> None:
    with holding(tmp_path) as (text, process):
        process.kill()
        process.wait(60)
        assert have(tmp_path).text == text != ""


def test_who_lives_keeps_its_name_to_itself(tmp_path: Path, have: Have) -> None:
    with holding(tmp_path) as (one, _), holding(tmp_path) as (two, _):
        assert len({one, two, have(tmp_path).text, have(tmp_path).text}) == 4


def test_a_name_that_is_given_up_is_the_next_one_s(tmp_path: Path, have: Have) -> None:
    first = have(tmp_path)
    first.give_up()
    assert have(tmp_path).text == first.text


def test_a_copy_of_a_folder_has_other_names(tmp_path: Path, have: Have) -> None:
    first = have(tmp_path / "one")
    first.give_up()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert have(tmp_path / "two").text != first.text
    assert have(tmp_path / "one").text == first.text


@pytest.mark.parametrize("content", [b"", b"x" * 16])
def test_what_another_machine_or_start_left_is_not_taken_and_goes(
    tmp_path: Path, have: Have, content: bytes
) -> None:
    left = tmp_path / f"vm-1{ENDING}"
    left.write_bytes(content)
    assert have(tmp_path).text != "vm-1"
    assert not left.exists()


def test_where_nothing_can_be_written_every_name_is_new(tmp_path: Path, have: Have) -> None:
    folder = tmp_path / "file"
    folder.write_text("no folder")
    assert have(folder).text != have(folder).text
