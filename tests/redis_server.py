"""A Redis of the test's own: started, frozen, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.live import wait_until


@dataclass
class RedisServer:
    """On a unix socket in a folder of its own; nothing is kept."""

    folder: Path
    password: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://:{self.password}@{self.folder}/s" if self.password else self.bare_url

    @property
    def bare_url(self) -> str:
        """Without the password."""
        return f"unix://{self.folder}/s"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is needed: on Debian 'apt-get install redis-server'"
        command = [program, "--port", "0", "--unixsocket", str(self.folder / "s")]
        command += ["--dir", str(self.folder), "--save", "", "--logfile", "log"]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(command)
        wait_until(self.answers, "Redis answers")

    def answers(self) -> bool:
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def keys(self) -> list[str]:
        with Redis.from_url(self.url, decode_responses=True) as client:
            return sorted(client.scan_iter())

    def freeze(self) -> None:
        """It goes on listening and says nothing."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def redis_server(password: str = "") -> Iterator[RedisServer]:
    """A server that runs; a socket's path is short, so the folder is none of pytest's."""
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        server = RedisServer(Path(folder), password)
        server.start()
        try:
            yield server
        finally:
            server.stop()
