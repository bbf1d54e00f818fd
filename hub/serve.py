"""The whole hub on one machine: web, workers and the embedded database, kept running.

``scripts/serve`` ends here. Each part is a process of its own; one that ends is started again,
with a growing pause while it keeps ending. SIGTERM and SIGINT stop the web first, then the
worker that polls devices, then that of the timetable, then the database. With ``--demo`` the feed
of made-up streams is a part too, and ends before the workers; so is a simulated plant, which ends
after them.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from threading import Event
from time import monotonic, sleep

import click

from hub import logs
from hub.demo.plant import command, free_port
from hub.demo.show import show
from hub.errors import HubError, SetupError
from hub.settings import Settings
from hub.store.mongod import Lease, status
from hub.wiring import open_database, open_hub

log = logging.getLogger("hub.serve")

LOOK_S = 0.25
STEADY_S = 10.0
PAUSE_MAX_S = 10.0
STOP_S = 35.0
PR_SET_PDEATHSIG = 1


def web_command(settings: Settings) -> list[str]:
    """gunicorn, with the flags that were measured (docs/running.md)."""
    return [
        *(sys.executable, "-m", "gunicorn", "wsgi:app"),
        *("--bind", settings.bind, "--reuse-port", "--no-control-socket"),
        *("--worker-class", "hub.api.threads.Threads", "--workers", str(settings.web_workers)),
        *("--threads", str(settings.web_threads), "--keep-alive", "75"),
        *("--limit-request-line", "8190", "--graceful-timeout", "30", "--log-level", "warning"),
    ]


def worker_command(role: str) -> list[str]:
    """A worker of one role. Polling is apart, as the other's work would make it late."""
    return [sys.executable, "-m", "hub.worker", "--only", role]


def demo_command() -> list[str]:
    """What fills the streams of the demo and goes on appending to them."""
    return [sys.executable, "-m", "hub.cli", "dummystream", "--demo"]


@dataclass(slots=True)
class Part:
    """One child process and its restarts.

    Attributes:
        may_finish: it is not started again once it ended with status 0.
        quiet: what it prints is for nobody; its errors are.
    """

    name: str
    command: list[str]
    may_finish: bool = False
    quiet: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = 0.0
    due: float = field(default=0.0)
    finished: bool = False

    def look_after(self) -> None:
        """Start it where it is not running and its pause is over."""
        now = monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self._ended(code, now)
        if now >= self.due and not self.finished:
            self.process = subprocess.Popen(
                self.command,
                stdout=subprocess.DEVNULL if self.quiet else None,
                process_group=0,
                preexec_fn=_die_with_parent,
            )
            self.started = now

    def _ended(self, code: int, now: float) -> None:
        self._kill_orphans()
        self.process = None
        self.finished = self.may_finish and code == 0
        if self.finished:
            return
        steady = now - self.started >= STEADY_S
        self.pause_s = 0.2 if steady else min(max(0.2, self.pause_s * 2), PAUSE_MAX_S)
        log.warning("%s ended (%d); starting it again in %.1f s", self.name, code, self.pause_s)
        self.due = now + self.pause_s

    def _kill_orphans(self) -> None:
        """End what a killed part left behind: orphaned web workers would go on taking requests."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and end it where it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("%s does not end; killing it", self.name)
            self._kill_orphans()
            self.process.wait()


def _die_with_parent() -> None:
    """Ask the kernel, where it can, to end this child with its parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@click.command()
@click.option(
    "--demo", is_flag=True, help="Make a demo dataset and streams; print how to use them."
)
def main(demo: bool) -> None:
    """Run the hub until Ctrl-C: web server, workers and, if HUB_MONGO_URI names none, MongoDB."""
    logs.begin(logging.INFO)
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = Settings.from_env(os.environ)
        _check_free(settings.bind)
        lease = open_database(settings)
        open_hub(settings).close()
    except HubError as exc:
        sys.exit(f"serve: {exc.message}")
    plant_port = free_port() if demo else None
    parts = _parts(settings, plant_port)
    try:
        _run(parts, settings, lease, stopping, plant_port)
    finally:
        for part in parts:
            part.stop()
        if lease:
            lease.close()
            _await_stop(settings)


def _parts(settings: Settings, plant_port: int | None) -> tuple[Part, ...]:
    """In the order in which they stop; the plant of the demo last, as it is polled till then."""
    web = Part("web", web_command(settings))
    workers = (
        Part("polling", worker_command("polling")),
        Part("worker", worker_command("timetable")),
    )
    if plant_port is None:
        return (web, *workers)
    feed = Part("demo", demo_command(), may_finish=True, quiet=True)
    return (web, feed, *workers, Part("plant", command(plant_port), quiet=True))


def _check_free(bind: str) -> None:
    """Refuse an address that is none, or is in use: with SO_REUSEPORT two hubs would share it.

    Raises:
        SetupError: with the reason.
    """
    host, _, port = bind.rpartition(":")
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except (OSError, ValueError, OverflowError) as exc:
        hint = "set it to another, such as HUB_BIND=127.0.0.1:8001"
        raise SetupError(f"HUB_BIND: {bind} cannot be used: {exc}; {hint}") from exc


def _await_stop(settings: Settings) -> None:
    """Return when the database is down, or after ``STOP_S`` while somebody else is using it."""
    until = monotonic() + STOP_S
    while status(settings.data_dir)["running"] and monotonic() < until:
        sleep(0.05)


def _run(
    parts: tuple[Part, ...],
    settings: Settings,
    lease: Lease | None,
    stopping: Event,
    plant_port: int | None,
) -> None:
    trouble: str | None = None

    def look() -> None:
        nonlocal trouble
        for part in parts:
            part.look_after()
        before, trouble = trouble, _database_trouble(lease)
        if trouble != before:
            log.warning("the database: %s", trouble or "it is back")

    look()
    show(settings, stopping, look, plant_port=plant_port)
    while not stopping.wait(LOOK_S):
        look()


def _database_trouble(lease: Lease | None) -> str | None:
    """Bring the embedded database back where that is needed; why it cannot be, if so."""
    if lease is None:
        return None
    try:
        lease.ensure()
    except HubError as exc:
        return exc.message
    return None


if __name__ == "__main__":
    main(prog_name="scripts/serve")
