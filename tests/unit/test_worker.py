"""What a worker asks of the machine."""

from __future__ import annotations

import subprocess
import sys

LOWERED = """
import resource
from hub.worker import open_many_files
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
open_many_files()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
"""


def test_a_worker_may_hold_a_connection_to_each_of_many_devices():
    subprocess.run([sys.executable, "-c", LOWERED], check=True)
