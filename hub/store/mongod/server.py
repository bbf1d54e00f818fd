"""One mongod: start it in the current directory, wait until it can be used, stop it.

The current directory is the server's folder: ``./m.sock`` is then short, and the replica set's
only member keeps its name when the folder is moved.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from hub.store.mongod import admin, launch, logs
from hub.store.mongod.layout import DATA, MONGOD_LOG, SOCKET

MEMBER = f"./{SOCKET}"
POLL_S = 0.02
NOT_INITIATED = 94
STAGES_MAX = 100
"""Twice what a client may ever be allowed; a very long pipeline once crashed mongod."""
ROOM_BYTES = 32 * 1024 * 1024
"""Two journal files; with less mongod only crashes."""
FILES_MIN = 1024
"""Open files: an idle one has 300; with too few it lives, and takes no connection."""


class NotStarted(Exception):
    """This mongod will not become usable."""


def command(mongod: str, cache_gb: float, oplog_mb: int) -> list[str]:
    """The command line. Why each flag: docs/mongodb.md."""
    return [
        *(mongod, "--dbpath", str(DATA), "--replSet", "rs0", "--oplogSize", str(oplog_mb)),
        *("--bind_ip", MEMBER, "--nounixsocket"),
        *("--logpath", str(MONGOD_LOG), "--logappend", "--logRotate", "reopen", "--quiet"),
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        *("--wiredTigerEngineConfigString", "log=(file_max=16MB,prealloc=true)"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
        *("--setParameter", f"internalPipelineLengthLimit={STAGES_MAX}"),
        "--noscripting",
    ]


def lack_of_room() -> str | None:
    """A sentence when the disk is full."""
    free = shutil.disk_usage(Path.cwd()).free
    return f"the disk of HUB_DATA_DIR is full ({free >> 20} MB left)" if free < ROOM_BYTES else None


def lack_of_files() -> str | None:
    """A sentence when this process, and so mongod, may open too few files."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most == resource.RLIM_INFINITY or most >= FILES_MIN:
        return None
    return f"mongod needs {FILES_MIN} open files, and may have {most} (ulimit -n, LimitNOFILE)"


class Server:
    """A mongod and its life. Start it from the main thread: it is ended when that thread ends."""

    def __init__(self, arguments: list[str]) -> None:
        """Raises ``OSError`` when no process can be made."""
        logs.rotate(MONGOD_LOG)
        self._log_from = MONGOD_LOG.stat().st_size if MONGOD_LOG.exists() else 0
        launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()))
        self._process = subprocess.Popen([*launcher, *arguments], stdin=subprocess.DEVNULL)
        self.pid = self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def await_primary(self, timeout_s: float) -> None:
        """Wait until it takes writes; make it a replica set the first time.

        Raises:
            NotStarted: it ended, or is not there in time.
        """
        deadline = time.monotonic() + timeout_s
        while not _is_primary():
            if not self.is_running():
                raise NotStarted(self.epitaph())
            if time.monotonic() > deadline:
                raise NotStarted(f"mongod took no writes within {timeout_s:.0f} s")
            time.sleep(POLL_S)

    def stop(self, timeout_s: float) -> None:
        """End it cleanly; by force when that takes too long."""
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def bound_log(self) -> None:
        """Move a log that has grown too big aside, and let mongod begin a new one."""
        if logs.rotate(MONGOD_LOG):
            self._log_from = 0
            self._process.send_signal(signal.SIGUSR1)

    def epitaph(self) -> str:
        """Why it ended, for a person."""
        code = self._process.returncode
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        why = lack_of_room() or logs.last_error(MONGOD_LOG, self._log_from)
        return f"mongod ended {how}" + (f": {why}" if why else "")


def _is_primary() -> bool:
    try:
        if admin.command(SOCKET, {"hello": 1}).get("isWritablePrimary"):
            return True
        if admin.command(SOCKET, {"replSetGetStatus": 1}).get("code") == NOT_INITIATED:
            members = [{"_id": 0, "host": MEMBER}]
            admin.command(SOCKET, {"replSetInitiate": {"_id": "rs0", "members": members}})
    except OSError:
        return False
    return False
