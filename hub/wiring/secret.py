"""The hub's secret, from which its keys are derived."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from hub.settings import Settings


def secret(settings: Settings) -> bytes:
    """The secret that was given, or the one kept in the data directory, made at the first start."""
    if settings.secret:
        return settings.secret.encode()
    path = settings.data_dir / "secret"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_bytes()


def _write_once(path: Path, text: str) -> None:
    """Write a private file whole or not at all; whoever comes first wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
