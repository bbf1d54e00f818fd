"""Find the embedded server or start it, and keep it running for as long as it is used.

Who holds what (all are kernel locks, so a dead process holds none)::

    users.lock   shared: every lease          exclusive: the supervisor while it stops mongod
    sup.lock     exclusive: the supervisor, handed over by the process that started it
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import hub
from hub.errors import HubError, SetupError, Unavailable
from hub.store.mongod import layout, locks, state
from hub.store.mongod.binary import find_binary

POLL_S = 0.02
FAILURES_MAX = 3
STARTS_MAX = 3
PASSED_ON = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "TZ")
"""All that the supervisor sees of our environment; it has no use for our secrets."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a server is started with, and how long to wait for it."""

    mongod: str | None
    cache_gb: float
    oplog_mb: int
    timeout_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """The right to use the embedded server: it runs at least until ``close``.

    Each process takes its own. A forked child keeps its parent's lease alive, not its own.
    """

    uri: str
    _root: Path = field(repr=False)
    _terms: Terms = field(repr=False)
    _users: FileIO = field(repr=False)

    def ensure(self) -> None:
        """Wait for the server, and start it if nobody does: for a connection that stays dead.

        A mongod that died is restarted by its supervisor; only this brings a supervisor back.
        The URI stays the same, so a client that exists finds the new server by itself.

        Raises:
            SetupError: it does not start, for a reason that is known.
            Unavailable: it is not ready in time.
            ValueError: the lease is closed.
        """
        deadline = time.monotonic() + self._terms.timeout_s
        with layout.usable():
            _enter(self._users, deadline)
            _await_server(self._root, self._terms, deadline)

    def close(self) -> None:
        """Let go. The server stops about a second after its last lease. Safe to call twice."""
        self._users.close()

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def acquire(
    data_dir: Path,
    *,
    mongod: str | None = None,
    cache_gb: float = 0.25,
    oplog_mb: int = 256,
    timeout_s: float = 60.0,
) -> Lease:
    """Use the embedded server of ``data_dir``; start it if nobody has.

    Any number of processes and threads may do so at once.

    Args:
        mongod: the value of ``HUB_MONGOD``. This and the sizes count only for the one who starts.
        cache_gb: WiredTiger's cache, at least 0.25; the whole process may take twice that.
        oplog_mb: size of the oplog on disk.

    Raises:
        SetupError: there is no usable mongod or data directory, or it does not start for a reason
            that is known, such as a full disk.
        Unavailable: it is not ready in time.
    """
    deadline = time.monotonic() + timeout_s
    terms = Terms(mongod, cache_gb, oplog_mb, timeout_s)
    root = layout.root_of(data_dir)
    with layout.usable(), ExitStack() as unless_done:
        layout.prepare(root)
        users = unless_done.enter_context(locks.open_lock(root / layout.USERS_LOCK))
        _enter(users, deadline)
        _await_server(root, terms, deadline)
        lease = Lease(layout.uri_of(root), root, terms, users)
        unless_done.pop_all()
    return lease


def status(data_dir: Path) -> dict[str, Any]:
    """How the embedded server of ``data_dir`` is doing; starts and stops nothing.

    Returns:
        ``running``: a supervisor is there, from its start until all is stopped; ``alive``: the
        server takes connections; ``uri``; ``supervisor`` and ``mongod``: process ids or None;
        ``trouble``: what last went wrong, or None.
    """
    root = layout.root_of(data_dir)
    running = not locks.is_free(root / layout.SUPERVISOR_LOCK)
    seen = state.read(root / layout.STATE) if running else None
    return {
        "running": running,
        "alive": bool(seen and seen.ready and layout.answers(layout.socket_of(root))),
        "uri": layout.uri_of(root),
        "supervisor": seen.supervisor if seen else None,
        "mongod": seen.mongod if seen else None,
        "trouble": seen.trouble if seen else None,
    }


def _enter(users: FileIO, deadline: float) -> None:
    """Become a user; waits while the server is being stopped."""
    while not locks.try_lock(users, locks.SHARED):
        if time.monotonic() > deadline:
            raise Unavailable("the embedded MongoDB is still stopping")
        time.sleep(POLL_S)


def _await_server(root: Path, terms: Terms, deadline: float) -> None:
    path = layout.socket_of(root)
    known = state.read(root / layout.STATE)
    patience = max(FAILURES_MAX, known.failures + 1 if known else 0)
    starts = 0
    while starts <= STARTS_MAX:
        starts += _supervise(root, terms)
        seen = state.read(root / layout.STATE)
        if seen and seen.ready and layout.answers(path):
            return
        if seen and seen.failures >= patience:
            raise SetupError(f"The embedded MongoDB does not start: {seen.trouble}.")
        if time.monotonic() > deadline:
            raise _too_late(seen)
        time.sleep(POLL_S)
    raise SetupError(f"The supervisor of mongod ends at once; see {root / layout.SUPERVISOR_LOG}.")


def _too_late(seen: state.State | None) -> HubError:
    if seen and seen.trouble:
        return SetupError(f"The embedded MongoDB does not start: {seen.trouble}.")
    return Unavailable("the embedded MongoDB is not ready in time; its logs are in its data folder")


def _supervise(root: Path, terms: Terms) -> bool:
    """Start a supervisor unless there is one; whether it did."""
    with locks.open_lock(root / layout.SUPERVISOR_LOCK) as lock:
        if not locks.try_lock(lock, locks.EXCLUSIVE):
            return False
        (root / layout.STATE).unlink(missing_ok=True)
        command = _command(root, terms, lock)
        with open(root / layout.SUPERVISOR_LOG, "ab") as log:
            subprocess.run(
                command,
                pass_fds=(lock.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(hub.__path__[0]).parent,
                env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
                start_new_session=True,
                check=False,
            )
    return True


def _command(root: Path, terms: Terms, lock: FileIO) -> list[str]:
    return [
        *(sys.executable, "-m", "hub.store.mongod.supervisor"),
        *("--root", str(root)),
        *("--lock", str(lock.fileno())),
        *("--mongod", str(find_binary(terms.mongod))),
        *("--cache-gb", str(terms.cache_gb)),
        *("--oplog-mb", str(terms.oplog_mb)),
    ]
