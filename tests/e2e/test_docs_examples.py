"""Every example of the documentation is run against a hub, and prints what its page says.

An example is a fenced ``console`` block: lines after ``$`` are run by bash (one with an open
quote or a backslash at its end goes on), the rest is what it prints, ``...`` standing for
anything. A ``python`` block is run as a script; an ``output`` block behind it is what it prints.
What an example sets or writes is there for those that follow on its page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live import PATIENCE_S, ROOT, Live

PAGES = (
    "README.md",
    "docs/datasets.md",
    "docs/streams.md",
    "docs/keys.md",
    "docs/plant.md",
    "docs/devices-io.md",
    "docs/devices.md",
    "docs/plant-events.md",
    "docs/plant-values.md",
    "docs/sessions.md",
    "docs/system.md",
    "docs/cli.md",
    "docs/observations.md",
    "docs/odata.md",
    "docs/odata-datastream.md",
    "docs/feed.md",
    "docs/openapi.md",
)
BLOCK = re.compile(
    r"^```console\n(?P<console>.*?)^```$"
    r"|^```python\n(?P<python>.*?)^```$(?:\s*^```output\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
DOCUMENTED_ROOT = "http://127.0.0.1:8000"
HUB_SCRIPT = '#!/bin/sh\nexec "{python}" -m hub.cli "$@"\n'
"""What ``scripts/hub`` is once its environment is there."""


@dataclass(frozen=True)
class Example:
    """A command, what it prints, and the line of its page where it stands."""

    line: int
    command: str
    expected: str


@dataclass(frozen=True)
class Shell:
    """bash in a folder of its own; variables live on from one command to the next.

    Only what the page exports reaches the programs that it runs, as in a reader's own shell.
    """

    folder: Path
    env: dict[str, str]

    def run(self, command: str) -> str:
        state = "[ ! -e ../state ] || . ../state 2>/dev/null"
        script = f"{state}\n{command}\ndeclare -p > ../state\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.env, timeout=PATIENCE_S, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout.decode()


@pytest.fixture
def shell(live: Live, tmp_path: Path) -> Shell:
    """Where a reader stands who opens any page first: a hub that runs, and its scripts."""
    script = tmp_path / "work" / "scripts" / "hub"
    script.parent.mkdir(parents=True)
    script.write_text(HUB_SCRIPT.format(python=sys.executable))
    script.chmod(0o755)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Shell(
        tmp_path / "work", live.env | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    )


def examples(text: str) -> Iterator[Example]:
    """The examples of a page, in order."""
    for block in BLOCK.finditer(text):
        first = text.count("\n", 0, block.start()) + 2
        if block["python"] is not None:
            code = f"python3 - <<'END'\n{block['python']}END"
            yield Example(first, code, block["output"] or "")
        else:
            yield from _commands(block["console"].splitlines(), first)


def _commands(lines: list[str], first: int) -> Iterator[Example]:
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        rest = start + 1
        command = lines[start].removeprefix("$ ")
        while not _is_whole(command):
            command += "\n" + lines[rest]
            rest += 1
        yield Example(first + start, command, "\n".join(lines[rest:end]))


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def agrees(printed: str, expected: str) -> bool:
    """Whether the output is the expected one, ``...`` standing for anything."""
    parts = [re.escape(part) for part in expected.strip().split("...")]
    return re.fullmatch(".*".join(parts), printed.strip().replace("\r", ""), re.DOTALL) is not None


@pytest.mark.parametrize("page", PAGES)
def test_examples_print_what_the_page_says(page: str, live: Live, shell: Shell):
    text = (ROOT / page).read_text("utf-8").replace(DOCUMENTED_ROOT, live.root)
    found = list(examples(text))
    assert found
    if page == "README.md":
        made = live.cli("dataset", "create", "documentation")
        shell.run(f"export HUB={live.root} DATASET={made['dataset']} KEY={made['key']}")
    for example in found:
        printed = shell.run(example.command)
        assert agrees(printed, example.expected), (
            f"{page}:{example.line}\n$ {example.command}\n--- expected\n{example.expected}\n"
            f"--- printed\n{printed}"
        )


@pytest.mark.parametrize(
    ("printed", "expected", "verdict"),
    [
        ("a\r\nb\n", "a\nb", True),
        ('{"_id":"6b","v":1}', '{"_id":"...","v":1}', True),
        ('{"_id":"6b","v":2}', '{"_id":"...","v":1}', False),
        ("a.c", "a", False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(printed: str, expected: str, verdict: bool):
    assert agrees(printed, expected) is verdict
