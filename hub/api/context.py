"""What a view may know of the application it runs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from hub.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Sizes in bytes: of a body as sent, of it unpacked, and of a query."""

    sent_max: int
    inflated_max: int
    query_max: int


@dataclass(frozen=True, slots=True)
class Context:
    """``origins`` are the web pages whose scripts may read over OData."""

    services: Services
    bodies: BodyLimits
    origins: frozenset[str] = frozenset()


def context() -> Context:
    return cast(Context, current_app.extensions["hub"])


def services() -> Services:
    """The services of the current application."""
    return context().services
