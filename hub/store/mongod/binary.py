"""Which mongod to run, and whether it can run here at all."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from hub.errors import SetupError

OLDEST = (6, 0)
VERSION_TIMEOUT_S = 30
CURES = (
    "Set HUB_MONGO_URI to a MongoDB server of your own (6.0 or newer), or set HUB_MONGOD to a"
    " mongod program; one comes with the requirements on Linux (x86-64, aarch64; glibc) and macOS"
)


def find_binary(explicit: str | None) -> Path:
    """A mongod that runs on this machine.

    Args:
        explicit: the value of ``HUB_MONGOD``, a path or a name on ``PATH``. None means the one
            installed with the requirements, else ``mongod`` on ``PATH``.

    Raises:
        SetupError: there is none, it cannot run, or it is older than 6.0.
    """
    found = _named(explicit) if explicit else _packaged() or _on_path("mongod")
    if found is None:
        raise SetupError(f"There is no mongod program for the embedded database. {CURES}.")
    _check(found)
    return found


def _named(explicit: str) -> Path:
    found = _on_path(explicit)
    if found is None:
        raise SetupError(f"HUB_MONGOD: {explicit} is not a program. {CURES}.")
    return found


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found).absolute() if found else None


def _packaged() -> Path | None:
    """The program inside the wheel; found by its place, none of the wheel's code runs."""
    spec = find_spec("fiftyone")
    folders = (spec.submodule_search_locations or ()) if spec else ()
    programs = (Path(folder, "db", "bin", "mongod") for folder in folders)
    return next((program for program in programs if program.is_file()), None)


def _check(program: Path) -> None:
    found = re.search(r"db version v(\d+)\.(\d+)", _version_text(program))
    if not found:
        raise SetupError(f"{program} does not say which MongoDB it is. {CURES}.")
    version = (int(found[1]), int(found[2]))
    if version < OLDEST:
        raise SetupError(f"{program} is MongoDB {version[0]}.{version[1]}; the hub needs 6.0.")


def _version_text(program: Path) -> str:
    try:
        ran = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_TIMEOUT_S,
            check=True,
        )
    except subprocess.CalledProcessError as exc:
        raise _cannot_run(program, exc.stderr.strip() or str(exc)) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _cannot_run(program, str(exc)) from exc
    return ran.stdout


def _cannot_run(program: Path, why: str) -> SetupError:
    needs = "On Linux it needs OpenSSL 3 and libcurl 4 (packages libssl3, libcurl4)"
    return SetupError(f"{program} cannot run here: {why}. {needs}. {CURES}.")
