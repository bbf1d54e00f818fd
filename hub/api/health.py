"""Whether the hub is up and ready, for load balancers and whoever started it."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.shapes import health as shapes
from hub.api.openapi.told import told
from hub.api.opening import public
from hub.api.parameters import Parameters, about
from hub.services.health import Finding

bp = Blueprint("health", __name__)


class ReadyArgs(Schema):
    class Meta:
        unknown = RAISE

    checks = fields.String(load_default="db", **about("Names with commas between them."))


READY_ARGS = Parameters(ReadyArgs())


@bp.get("/api/health/")
@told(answers=shapes.WELL)
@public
def health() -> Response:
    """Say whether the hub can do its work."""
    services().health.check()
    return one({"status": "ok"})


@bp.get("/healthz/")
@told(answers=shapes.WELL)
@public
def alive() -> Response:
    """Say that this process answers; nothing else is looked at."""
    return one({"status": "ok"})


@bp.get("/readyz/")
@told(query=READY_ARGS, answers=shapes.READY)
@public
def ready() -> Response:
    """Run the named checks; 503 where one fails."""
    names = READY_ARGS.of(request)["checks"].split(",")
    found = services().health.findings(name.strip() for name in names)
    failed = any(finding.status == "failed" for finding in found.values())
    checks = {name: _told(finding) for name, finding in found.items()}
    return one({"status": "failed" if failed else "ok", "checks": checks}, 503 if failed else 200)


@bp.after_request
def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _told(finding: Finding) -> dict[str, object]:
    return {name: value for name, value in asdict(finding).items() if value is not None}
