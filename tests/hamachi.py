"""The program ``hamachi`` for tests: prints what others recorded of the real one."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATUS = """\
  version    : 2.1.0.198
  pid        : 25585
  status     : logged in
  client id  : 230-321-123
  address    : 25.12.123.12    1234:9b::190c:b31d
  nickname   : test-name
  lmi account: example@gmail.com (pending)
"""
LIST = """\
 * [398-581-422]test789-net  capacity: 2/5, subscription type: Free, owner: example@gmail.com
     * 123-123-123   client-hostname   25.17.123.123     alias: not set  1234:9b::1234:89a5  \
direct      UDP  178.128.123.123:53035
 * [Artwork]  capacity: 3/5, subscription type: Free, owner: ztefn (090-736-821)
     * 094-409-761   Andrew            25.1.2.3          alias: not set                      \
via relay
       094-409-762   Beth              25.1.2.9
   [Bug Hunters]  capacity: 4/5,   [192.168.155.24/24]  subscription type: Free, \
owner: This computer
     x 090-111-222   Eduardo           192.168.155.21
     ? 094-139-744\x20
     ! 090-111-333   scrawl            25.1.2.4  alias: 25.353.432.28  2620:9b::753:b470  \
direct  UDP  170.45.240.141:43667  This address is also used by another peer
"""
DOWN = """\
Hamachi does not seem to be running.
Run '/etc/init.d/logmein-hamachi start' to start daemon.
"""
NO_RIGHTS = "You do not have permission to control the hamachid daemon.\n"

PROGRAM = """\
#!{python} -I
import json, os, pathlib, signal, sys, time
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as calls:
    env = {{name: value for name, value in os.environ.items() if name != "LC_CTYPE"}}
    begin = time.monotonic()
    told = json.loads((folder / "script").read_text())
    args = sys.argv[1:]
    ended = [json.loads(line)["args"] for line in (folder / "calls").read_text().splitlines()]
    before = sum(each[:1] == args[:1] for each in ended)
    steps = told.get(" ".join(args[:1]), told.get("*", []))
    step = steps[min(before, len(steps) - 1)] if steps else {{}}
    if step.get("forever"):
        os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "600"])
        (folder / "pgid").write_text(str(os.getpgid(0)))
    if step.get("leaves"):
        os.spawnl(os.P_NOWAIT, "/bin/sh", "sh", "-c", "exec sleep 600 >/dev/null 2>&1")
        (folder / "pgid").write_text(str(os.getpgid(0)))
    if step.get("deaf"):
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
    if step.get("asks"):
        try:
            os.close(os.open("/dev/tty", os.O_RDWR))
            found = "one"
        except OSError:
            found = "none"
        (folder / "terminal").write_text(found)
    os.read(0, 1)
    time.sleep(step.get("sleep", 0))
    for stream, name in ((sys.stdout, "out"), (sys.stderr, "err")):
        stream.buffer.write(bytes.fromhex(step.get(name, "")) * step.get("times", 1))
        stream.flush()
    fact = {{"args": args, "env": env, "cwd": os.getcwd(), "from": begin, "to": time.monotonic()}}
    calls.write(json.dumps(fact) + "\\n")
if step.get("lingers"):
    os.close(1)
    os.close(2)
    time.sleep(step["lingers"])
sys.exit(step.get("code", 0))
"""
"""``calls`` gets a line for each call that ended, with its times by the clock that never turns."""


def step(out: str | bytes = "", *, err: str = "", code: int = 0, **more: Any) -> dict[str, Any]:
    """What one call prints, and how it ends."""
    printed = out.encode() if isinstance(out, str) else out
    return {"out": printed.hex(), "err": err.encode().hex(), "code": code, **more}


@dataclass(frozen=True)
class Fake:
    """The fake program in a folder of its own."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Fake:
        program = folder / "hamachi"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        fake = cls(folder)
        fake.prints(step())
        return fake

    @property
    def command(self) -> str:
        return str(self.folder / "hamachi")

    def prints(self, *steps: dict[str, Any], **by_verb: list[dict[str, Any]]) -> None:
        """What the calls of each verb from now on print, one after the other, the last one again
        and again; ``by_verb`` for those of one."""
        (self.folder / "calls").write_text("")
        told = {verb.replace("_", "-"): list(of) for verb, of in by_verb.items()}
        (self.folder / "script").write_text(json.dumps({"*": list(steps)} | told))

    @property
    def calls(self) -> list[dict[str, Any]]:
        lines = (self.folder / "calls").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def asked(self) -> list[list[str]]:
        """The arguments of the calls."""
        return [call["args"] for call in self.calls]
