"""Literal values: data in a place where nothing is an operator."""

from __future__ import annotations

from typing import Any

from hub.query.refusal import Path, bad
from hub.query.walk import Walk


def check_literal(walk: Walk, value: Any, path: Path) -> None:
    """Refuse a key with ``$`` in front anywhere inside a value.

    The server would take it as data here. We refuse it still: no key of a validated query
    begins with ``$`` but those of operators the tables allow.
    """
    if type(value) is dict:
        for key, item in value.items():
            if key.startswith("$"):
                raise bad(f"{key[:64]} stands where only data may stand", (path, key), key)
            if type(item) is dict or type(item) is list:
                walk.later(check_literal, item, (path, key))
    elif type(value) is list:
        for at, item in enumerate(value):
            if type(item) is dict or type(item) is list:
                walk.later(check_literal, item, (path, at))
