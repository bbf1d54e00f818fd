"""Where everything lies inside ``<data_dir>/mongod``, and how a client reaches the socket."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from hub.errors import SetupError

DATA = Path("db")
DATA_LOCK = DATA / "mongod.lock"
SOCKET = Path("m.sock")
SUPERVISOR_LOCK = Path("sup.lock")
USERS_LOCK = Path("users.lock")
STATE = Path("state.json")
MONGOD_LOG = Path("mongod.log")
SUPERVISOR_LOG = Path("supervisor.log")

SOCKET_BYTES_MAX = 90
"""The kernel allows 107 (macOS 103); the rest is kept for whoever puts a folder in front."""


def root_of(data_dir: Path) -> Path:
    """The folder of the embedded server, as an absolute path. Nothing is made."""
    return data_dir.resolve() / "mongod"


def prepare(root: Path) -> None:
    """Make the folders, for this user only."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    (root / DATA).mkdir(mode=0o700, exist_ok=True)


@contextmanager
def usable() -> Iterator[None]:
    """Around all that is done in the folder.

    Raises:
        SetupError: a file cannot be made or opened: another user's, no locks there, no room.
    """
    try:
        yield
    except OSError as exc:
        raise SetupError(f"HUB_DATA_DIR: {exc}") from exc


def socket_of(root: Path) -> Path:
    """The socket's path, through a short link of our own where the true one is too long.

    Raises:
        SetupError: the temporary folder for the link is not this user's alone.
    """
    if len(os.fsencode(root / SOCKET)) <= SOCKET_BYTES_MAX:
        return root / SOCKET
    link = _links() / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    if not (link.is_symlink() and os.readlink(link) == str(root)):
        fresh = link.with_name(secrets.token_hex(8))
        fresh.symlink_to(root)
        fresh.replace(link)
    return link / SOCKET


def _links() -> Path:
    folder = Path(tempfile.gettempdir(), f"hub-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    seen = folder.lstat()
    private = stat.S_ISDIR(seen.st_mode) and not seen.st_mode & 0o077
    if not private or seen.st_uid != os.getuid():
        raise SetupError(
            f"{folder} is not private to this user: remove it, or shorten HUB_DATA_DIR"
        )
    return folder


def uri_of(root: Path) -> str:
    """The URI for a client. It stays the same when the server is started anew."""
    return f"mongodb://{quote(str(socket_of(root)), safe='')}/?directConnection=true"


def answers(path: Path) -> bool:
    """Whether a server takes connections at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
