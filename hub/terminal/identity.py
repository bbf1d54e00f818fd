"""As whom programs run, and in which environment."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


DUMPABLE: Final = 4
"""The call of Linux by which a process lets others of its user look into it, or not."""


class NoIdentity(Exception):
    """Programs cannot run as that; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of the machine. ``change`` is what a process needs to become them, if anything."""

    name: str
    uid: int
    home: str
    change: Mapping[str, Any] = field(default_factory=dict)

    def environment(self, shell: str) -> dict[str, str]:
        """All that a program is given of an environment: nothing of the agent's own."""
        return {
            "HOME": self.home,
            "LANG": "C.UTF-8",
            "LOGNAME": self.name,
            "PATH": PATH,
            "SHELL": shell,
            "TERM": "xterm-256color",
            "USER": self.name,
        }


def identity(name: str | None, *, root_allowed: bool = False) -> Identity:
    """Whom programs run as: the user of that name, or whoever runs the agent.

    Raises:
        NoIdentity: there is no such user, only root could become them, or it would be root and
            that was not allowed.
    """
    own = os.geteuid()
    try:
        found = pwd.getpwuid(own) if name is None else pwd.getpwnam(name)
    except KeyError as exc:
        raise NoIdentity(f"this machine has no user {name or own}") from exc
    if found.pw_uid == 0 and not root_allowed:
        raise NoIdentity("programs would run as root: name a user, or allow root")
    home = found.pw_dir if os.path.isdir(found.pw_dir) else "/"
    if found.pw_uid == own:
        return Identity(found.pw_name, own, home)
    if own != 0:
        raise NoIdentity(f"only root can run programs as {found.pw_name}")
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    change = {"user": found.pw_uid, "group": found.pw_gid, "groups": groups}
    return Identity(found.pw_name, found.pw_uid, home, change)


def hide() -> None:
    """Keep this process's memory and environment from other programs of its user, on Linux."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(DUMPABLE, 0, 0, 0, 0)


def program(name: str) -> str | None:
    """The absolute path of a program by its name or path; None where there is none."""
    return shutil.which(name, path=PATH)
