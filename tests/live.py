"""The whole hub as child processes: started, waited for, looked into, stopped."""

from __future__ import annotations

import contextlib
import json
import os
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

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120.0


def wait_until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Poll until something holds; fails with its name when the time is over."""
    until = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not in {patience_s} s: {what}")
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Live:
    """A running hub: where it answers, where its data is, its process and what it printed."""

    root: str
    data_dir: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def cli(self, *arguments: str, patience_s: float = 60.0) -> dict:
        """Run an admin command with ``--json``; its value."""
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *arguments, "--json"],
            env=self.env, cwd=ROOT, capture_output=True, check=False, timeout=patience_s,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.root}/api/health/", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def children(self, pattern: str) -> list[int]:
        """Process ids of this hub's own parts whose command line matches, oldest first."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environ = (entry / "environ").read_bytes()
                own = f"HUB_DATA_DIR={self.data_dir}".encode() in environ
                if own and re.search(pattern, line):
                    found.append(int(entry.name))
        return sorted(found)


@contextlib.contextmanager
def running(data_dir: Path, *flags: str, **settings: str) -> Iterator[Live]:
    """Start ``hub.serve`` on a free port and wait for it; stop it in the end, in every case."""
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    env = own | {"HUB_DATA_DIR": str(data_dir), "HUB_BIND": f"127.0.0.1:{port}"} | settings
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
            process.wait(timeout=60)
