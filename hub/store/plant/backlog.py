"""What waits on disk for the database to come back: an SQLite file a process.

``waves`` holds what was polled, packed, in the order in which it came: ``n`` values of ``bytes``
bytes. ``drops`` say what of the waves up to ``until`` is not to be stored any more. ``lost`` counts
what was given up for want of room and was not told yet.

A file is used by the process that holds its lock; one whose process is dead may be taken over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from hub.errors import Unavailable
from hub.store.mongod.locks import EXCLUSIVE, open_lock, try_lock

ENDING, LOCK, BROKEN = ".sqlite", ".lock", ".broken"
BESIDE = ("", "-wal", "-shm")
"""The endings of the files that SQLite keeps of one database."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS waves (seq INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER, wave BLOB);
CREATE TABLE IF NOT EXISTS drops (device INTEGER, since INTEGER, until INTEGER);
CREATE TABLE IF NOT EXISTS lost (n INTEGER);
"""


class Damaged(Exception):
    """A file is no database any more."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Some values that wait. ``seq`` counts up in the order in which they came."""

    seq: int
    count: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """What was read of a device from ``since`` (ms) on, in what came up to ``until``."""

    device: int
    since: int
    until: int


class Backlog:
    """One file; not for several threads at once.

    Args:
        path: of the file; made when something is put into it, gone when it is closed empty.
        bytes_max: what it may hold, packed; the oldest goes first.
    """

    def __init__(self, path: Path, bytes_max: int, lock: FileIO | None = None) -> None:
        self.path = path
        self._bytes_max = bytes_max
        self._lock = lock
        self._opened: sqlite3.Connection | None = None
        self.waiting = 0
        self._bytes = 0

    def put(self, waves: Sequence[tuple[int, bytes]]) -> int:
        """Add what came last, durably: how many values each, and themselves packed.

        Returns:
            How many values had to go for it.

        Raises:
            Unavailable: it cannot be put on disk; nothing was changed.
            Damaged: the file must be set aside.
        """
        added = sum(len(wave) for _, wave in waves)
        with self._change() as db:
            db.executemany("INSERT INTO waves (n, wave) VALUES (?, ?)", waves)
            gone = self._shortened(db, self._bytes + added - self._bytes_max)
            if gone:
                db.execute("INSERT INTO lost VALUES (?)", (gone,))
        if gone:
            self.look()
        else:
            self.waiting += sum(n for n, _ in waves)
            self._bytes += added
        return gone

    def oldest(self, count: int) -> list[Packed]:
        """What waits, the oldest first: about so many values, if there are as many.

        Raises:
            Unavailable, Damaged: as ``put``.
        """
        found: list[Packed] = []
        with self._change() as db:
            for row in db.execute("SELECT seq, n, wave FROM waves ORDER BY seq"):
                found.append(Packed(*row))
                count -= row[1]
                if count <= 0:
                    break
        return found

    def drops(self) -> list[Drop]:
        """What is not to be stored any more. Raises as ``put``."""
        with self._change() as db:
            return [Drop(*row) for row in db.execute("SELECT device, since, until FROM drops")]

    def drop(self, device: int, since: int) -> None:
        """Of what waits now, what was read of a device since a moment (ms) is not to be stored.

        Raises:
            Unavailable, Damaged: as ``put``.
        """
        with self._change() as db:
            last = "SELECT ?, ?, MAX(seq) FROM waves HAVING COUNT(*) > 0"
            db.execute(f"INSERT INTO drops {last}", (device, since))

    def done(self, seq: int) -> None:
        """Forget what waits up to a wave. Raises as ``put``."""
        with self._change() as db:
            db.execute("DELETE FROM waves WHERE seq <= ?", (seq,))
            db.execute("DELETE FROM drops WHERE until <= ?", (seq,))
        self.look()

    def lost(self) -> int:
        """How many values were given up and not told of. Raises as ``put``."""
        with self._change() as db:
            return int(db.execute("SELECT COALESCE(SUM(n), 0) FROM lost").fetchone()[0])

    def told(self) -> None:
        """What was lost was told. Raises as ``put``."""
        with self._change() as db:
            db.execute("DELETE FROM lost")

    def look(self) -> None:
        """Count what waits in the file. Raises as ``put``."""
        with self._change() as db:
            self._measure(db)

    def set_aside(self) -> Path:
        """Give the damaged file another name, so that a new one may be begun; that name."""
        aside = self.path.with_name(self.path.name + BROKEN)
        self._shut()
        for ending in BESIDE:
            old = self.path.with_name(self.path.name + ending)
            if old.exists():
                old.rename(aside.with_name(aside.name + ending))
        self.waiting = self._bytes = 0
        return aside

    def close(self) -> None:
        """Let go of the file; one that is empty goes. Never raises."""
        try:
            empty = self._lock is not None and (not self.path.exists() or self._is_empty())
            self._shut()
            if empty:
                for ending in (*BESIDE, LOCK):
                    self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        except (OSError, Unavailable, Damaged):
            self._shut()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _is_empty(self) -> bool:
        return not self.waiting and not self.lost()

    def _shortened(self, db: sqlite3.Connection, over: int) -> int:
        """Remove the oldest waves, so many bytes at least; how many values went."""
        if over <= 0:
            return 0
        last = gone = 0
        for seq, n, size in db.execute("SELECT seq, n, LENGTH(wave) FROM waves ORDER BY seq"):
            last, gone, over = seq, gone + n, over - size
            if over <= 0:
                break
        db.execute("DELETE FROM waves WHERE seq <= ?", (last,))
        return gone

    def _measure(self, db: sqlite3.Connection) -> None:
        counts = "SELECT COALESCE(SUM(n), 0), COALESCE(SUM(LENGTH(wave)), 0) FROM waves"
        self.waiting, self._bytes = db.execute(counts).fetchone()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """The database, in a transaction."""
        try:
            with self._connected() as db:
                yield db
        except sqlite3.Error as exc:
            self._shut()
            if exc.sqlite_errorcode in DAMAGED:
                raise Damaged(str(exc)) from exc
            raise _unkept(exc) from exc
        except OSError as exc:
            self._shut()
            raise _unkept(exc) from exc

    def _connected(self) -> sqlite3.Connection:
        if self._opened is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = _locked(self.path)
            self._opened = sqlite3.connect(self.path, timeout=2.0, check_same_thread=False)
            self.path.chmod(0o600)
            self._opened.executescript(SCHEMA)
            self._measure(self._opened)
        return self._opened

    def _shut(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


def left_behind(folder: Path, bytes_max: int) -> list[Backlog]:
    """The files of processes that are dead, taken over."""
    found = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            lock = _locked(path)
        except OSError:
            continue
        found.append(Backlog(path, bytes_max, lock))
    return found


def _locked(path: Path) -> FileIO:
    """Raises OSError where another process has it, or it cannot be made."""
    lock = open_lock(path.with_name(path.name + LOCK))
    if not try_lock(lock, EXCLUSIVE):
        lock.close()
        raise BlockingIOError("the file is another process's")
    return lock


def _unkept(exc: Exception) -> Unavailable:
    return Unavailable("readings cannot be put on disk", reason=type(exc).__name__)
