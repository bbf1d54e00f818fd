"""The process that owns mongod: starts it, restarts it, and stops it after the last user.

``python -m hub.store.mongod.supervisor``, run by ``lease`` with the locked descriptor of
``sup.lock``. It frees itself from its parent, so it belongs to all users alike. Should it be
killed, mongod is told by the kernel to stop, and the next ``ensure`` starts anew.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from dataclasses import replace
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import Any

from hub import logs
from hub.store.mongod import layout, locks, server, state

GRACE_S = 1.0
TICK_S = 0.1
START_S = 600.0
STOP_S = 30.0
PAUSE_S = 0.1
PAUSE_MAX_S = 30.0
STEADY_S = 60.0
IN_USE = "another mongod is still using HUB_DATA_DIR"

log = logging.getLogger("hub.mongod")


class Supervisor:
    """Keeps one mongod running in the current directory while it has users."""

    def __init__(self, command: list[str], users: locks.LastUser) -> None:
        self._command = command
        self._users = users
        self._deaths = 0
        self._state = state.State(supervisor=os.getpid())
        self._told: state.State | None = None

    def run(self) -> None:
        """Return when the last user has left and mongod is stopped."""
        pause_s = 0.0
        try:
            while self._used_after(pause_s):
                pause_s = self._round()
        finally:
            layout.STATE.unlink(missing_ok=True)
            log.info("stopped")

    def _used_after(self, pause_s: float) -> bool:
        deadline = time.monotonic() + pause_s
        while not self._users.gone():
            self._tell()
            if time.monotonic() >= deadline:
                return True
            time.sleep(min(TICK_S, pause_s))
        return False

    def _round(self) -> float:
        """One life of mongod; then how long to wait before the next."""
        if not locks.is_free(layout.DATA_LOCK):
            if self._state.trouble != IN_USE:
                log.warning(IN_USE)
            self._tell(trouble=IN_USE)
            return server.POLL_S
        begun = time.monotonic()
        trouble = server.lack_of_room() or server.lack_of_files() or self._life()
        if self._users.gone():
            return 0.0
        steady = time.monotonic() - begun > STEADY_S
        self._deaths = 1 if steady else self._deaths + 1
        pause_s = min(PAUSE_S * 2.0**self._deaths, PAUSE_MAX_S)
        log.error("%s; next try in %.1f s", trouble, pause_s)
        self._tell(mongod=None, trouble=trouble, failures=self._state.failures + 1)
        return pause_s

    def _life(self) -> str:
        """Start it, announce it, watch it; what ended it."""
        try:
            mongod = server.Server(self._command)
        except OSError as exc:
            return f"mongod cannot be started: {exc}"
        try:
            self._tell(mongod=mongod.pid)
            mongod.await_primary(START_S)
            log.info("mongod %d is ready", mongod.pid)
            self._tell(ready=True, failures=0, trouble=None)
            while mongod.is_running() and not self._users.gone():
                time.sleep(TICK_S)
                self._tell()
                mongod.bound_log()
        except server.NotStarted as exc:
            return str(exc)
        finally:
            self._tell(ready=False)
            mongod.stop(STOP_S)
        return mongod.epitaph()

    def _tell(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)
        if self._state == self._told:
            return
        try:
            state.write(layout.STATE, self._state)
            self._told = self._state
        except OSError:
            # A full disk, from the start. The notice is tried again at the next tick.
            layout.STATE.unlink(missing_ok=True)


def main() -> None:
    given = _arguments()
    os.set_inheritable(given.lock, False)
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    os.chdir(given.root)
    _log_to(layout.SUPERVISOR_LOG)
    signal.signal(signal.SIGTERM, _leave)
    command = server.command(given.mongod, given.cache_gb, given.oplog_mb)
    with locks.open_lock(layout.USERS_LOCK) as users:
        Supervisor(command, locks.LastUser(users, GRACE_S)).run()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Owns the embedded mongod. Not for use by hand.")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--lock", type=int, required=True, help="descriptor of sup.lock, locked")
    parser.add_argument("--mongod", required=True)
    parser.add_argument("--cache-gb", type=float, required=True)
    parser.add_argument("--oplog-mb", type=int, required=True)
    return parser.parse_args()


def _log_to(path: Path) -> None:
    logs.begin(logging.INFO, RotatingFileHandler(path, maxBytes=1024 * 1024, backupCount=2))


def _leave(number: int, frame: FrameType | None) -> None:
    """Leave by the ``finally`` clauses, once: they stop mongod."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


if __name__ == "__main__":
    main()
