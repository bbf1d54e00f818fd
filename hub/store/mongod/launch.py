"""Become mongod, set up to be told when the supervisor dies. A program, never imported.

``python launch.py <pid of the supervisor> <mongod> <arguments>``. The setting is made between
fork and exec; a process of its own does it safely, whatever threads the supervisor has.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
FILES = 64_000
"""Open files that MongoDB advises; the usual soft limit of 1024 is soon reached."""


def main(supervisor: int, command: list[str]) -> None:
    """Replace this process by ``command``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        sys.exit("the supervisor died before mongod began")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
