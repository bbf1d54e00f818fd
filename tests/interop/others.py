"""Other people's servers and clients: fetched, built, started, waited for, stopped."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live import PATIENCE_S, wait_until

PARTS = Path(__file__).parent / "parts"
FETCH_S = 1800.0


def fetched() -> Path:
    """The folder with everything that does not come from PyPI; fetched where it is missing."""
    done = subprocess.run(
        [PARTS / "install"], capture_output=True, text=True, timeout=FETCH_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return PARTS


def libraries() -> Path:
    (found,) = (fetched() / "debian/usr/lib").glob("*-linux-gnu")
    return found


def built(folder: Path) -> Path:
    """libmodbus' own test server, with one line changed: it listens at the port it is given."""
    debian = fetched() / "debian/usr"
    examples = debian / "share/doc/libmodbus-dev/examples"
    fixed = '"127.0.0.1", 1502'
    source = (examples / "unit-test-server.c").read_text("utf-8")
    assert source.count(fixed) == 1
    changed = folder / "server.c"
    changed.write_text(source.replace(fixed, '"127.0.0.1", atoi(argv[2])'), "utf-8")
    program = folder / "server"
    flags = ["-I", debian / "include/modbus", "-I", examples, "-L", libraries(), "-lmodbus"]
    subprocess.run(["gcc", "-o", program, changed, *flags], check=True, timeout=PATIENCE_S)
    return program


def environment() -> dict[str, str]:
    return os.environ | {"LD_LIBRARY_PATH": str(libraries())}


def script(name: str, *arguments: object) -> list[str]:
    return ["node", str(fetched() / name), *map(str, arguments)]


def listens(port: int) -> bool:
    """Whether somebody listens at a port of this host, found out without connecting to it."""
    wanted = f":{port:04X} "
    lines = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    return any(wanted in line[:48] and " 0A " in line for line in lines.splitlines())


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server once it listens; killed in the end, unless it ended."""
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment())
    try:
        wait_until(lambda: listens(port) or process.poll() is not None, f"{command} listens")
        assert process.poll() is None, log.read_text("utf-8")
        yield process
    finally:
        process.kill()
        process.wait()


def asked(command: list[str]) -> str:
    """What a client prints."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(command: list[str]) -> Any:
    """What a client of ours for node prints, from JSON; its libraries print warnings besides."""
    (line,) = [line for line in asked(command).splitlines() if line.startswith(("[", "{"))]
    return json.loads(line)
