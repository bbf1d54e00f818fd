"""The whole hub as child processes: started, waited for, looked into, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
PATIENCE_S = 300.0
"""How long anything may take; the machine of a test may be slow, and busy with others."""
PORTS = range(20_000, 32_000)
"""Below those that the system gives to clients."""
PATIENT = {
    "HUB_ANSWER_FIND_MS": "60000",
    "HUB_ANSWER_REPORT_MS": "60000",
    "HUB_ODATA_BUDGET_MS": "120000",
    "HUB_ODATA_COUNT_MS": "60000",
}
"""What bounds the work of a reader is no test of how busy the machine is."""


def wait_until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Poll until something holds; fails with its name when the time is over."""
    until = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not in {patience_s} s: {what}")
        time.sleep(0.05)


def wait_for(read: Callable[[], T], true: Callable[[T], bool], what: str) -> T:
    """Poll until what is read is as it is to be; that very value, as the next may be another."""
    seen: list[T] = []

    def is_so() -> bool:
        seen[:] = [read()]
        return true(seen[0])

    wait_until(is_so, what)
    return seen[0]


def free_port() -> int:
    """A port of this host that is nobody's, and no other test's while this process lives."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with (
            contextlib.suppress(OSError),
            socket.socket() as probe,
            socket.socket(socket.AF_UNIX) as mark,
        ):
            probe.bind(("127.0.0.1", port))
            mark.bind(f"\0port {port} of the tests of the hub")
            mark.detach()
            return port
    raise AssertionError("every port is in use")


@dataclass(frozen=True)
class Live:
    """A running hub: where it answers, where its data is, its process and what it printed."""

    root: str
    data_dir: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def cli(self, *arguments: str, patience_s: float = PATIENCE_S) -> dict:
        """Run an admin command with ``--json``; its value."""
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *arguments, "--json"],
            env=self.env, cwd=ROOT, capture_output=True, check=False, timeout=patience_s,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.root}/api/health/", timeout=60) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def children(self, pattern: str) -> list[int]:
        """Process ids of this hub's own parts whose command line matches, oldest first."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environ = (entry / "environ").read_bytes().split(b"\0")
                own = f"HUB_DATA_DIR={self.data_dir}".encode() in environ
                if own and re.search(pattern, line):
                    found.append(int(entry.name))
        return sorted(found)


@contextlib.contextmanager
def running(data_dir: Path, *flags: str, **settings: str) -> Iterator[Live]:
    """Start ``hub.serve`` on a free port and wait for it; stop it in the end, in every case."""
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    where = {"HUB_DATA_DIR": str(data_dir), "HUB_BIND": f"127.0.0.1:{port}"}
    env = own | PATIENT | where | settings
    log = data_dir / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.serve", *flags],
            env=env, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        hub = Live(f"http://127.0.0.1:{port}", data_dir, env, process, log)
        try:
            wait_until(lambda: hub.answers() or process.poll() is not None, "the hub answers")
            assert process.poll() is None, log.read_text()
            yield hub
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE_S)
