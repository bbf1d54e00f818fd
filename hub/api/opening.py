"""How each view is opened: declared beside it, and looked up by whoever wants to know.

A view without a declaration is a fault, which the test of every route finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flask import Blueprint, Flask

View = TypeVar("View", bound=Callable[..., Any])

By = Literal["key", "any key", "plant", "session", "grant", "optional", "public"]
"""``key``: an access key with the scope. ``any key``: one that is live; what it then reaches, its
scopes say, and nothing can be changed there. ``plant``: a key with the scope, or a session.
``session``: nothing else. ``grant``: a grant for a terminal, in the body, which the view reads
itself. ``optional``: anybody, and more for a key; what is shown must be a good one. ``public``:
anybody."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a view; ``scope`` is what a key needs, ``wrong_key`` the status for a bad one."""

    by: By
    scope: str | None = None
    wrong_key: int = 401


_OPENINGS: dict[object, Opening] = {}


def opened(by: By, scope: str | None = None) -> Callable[[View], View]:
    """Declare how a view is opened. This only says so; what it says is done elsewhere."""

    def declare(view: View) -> View:
        _OPENINGS[view] = Opening(by, scope)
        return view

    return declare


def opened_throughout(bp: Blueprint, opening: Opening) -> None:
    """Declare it for all views of a blueprint that looks at the key before each of them."""
    _OPENINGS[bp] = opening


def by_grant(view: View) -> View:
    """A view that takes a grant for a terminal, and refuses whatever is none with 401."""
    return opened("grant")(view)


def public(view: View) -> View:
    """A view for everybody, with a key or without one."""
    return opened("public")(view)


def optional(view: View) -> View:
    """A view that asks for an ``optional_principal``."""
    return opened("optional")(view)


def opening_of(app: Flask, endpoint: str) -> Opening | None:
    """What was declared for a view or for its blueprint; None where nothing was."""
    view = app.view_functions[endpoint]
    own = _OPENINGS.get(view)
    if own is None and (blueprint := app.blueprints.get(endpoint.rpartition(".")[0])):
        return _OPENINGS.get(blueprint)
    return own
