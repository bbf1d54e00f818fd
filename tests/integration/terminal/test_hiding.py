"""An agent whose programs run as its own user is not to be looked into by them."""

from __future__ import annotations

import pwd
import subprocess
import sys

from tests.live import ROOT

STORY = """
import ctypes, os, sys
from hub.terminal.identity import DUMPABLE, hide

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[1]))
    os.setuid(int(sys.argv[1]))
    ctypes.CDLL(None).prctl(DUMPABLE, 1, 0, 0, 0)

def seen():
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            open(f"/proc/{os.getppid()}/environ", "rb").close()
            os.write(writer, b"seen")
        except PermissionError:
            os.write(writer, b"hidden")
        os._exit(0)
    os.wait()
    return os.read(reader, 100).decode()

before = seen()
hide()
print(before, seen())
"""


def test_who_hides_is_not_looked_into() -> None:
    words = [sys.executable, "-c", STORY, str(pwd.getpwnam("nobody").pw_uid)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "seen hidden\n"
