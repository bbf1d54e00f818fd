"""Policies of retention over HTTP: those of one data stream, and those for all."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, fields

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.told import Body, Form, Named, told
from hub.api.parameters import Parameters
from hub.api.plant import bodies
from hub.api.plant import telling_records as telling
from hub.api.plant.listing import ID, NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.retention.policies import VALUE_TABLE, Policy
from hub.values import Document

bp = Blueprint("retention", __name__)
NO_ARGS = Parameters(NoArgs())
NUMBER = {"type": "number"}
"""What the description says of a limit; what it may be is checked where it is kept."""


class PolicySchema(Schema):
    """One of the three says after how long data goes."""

    class Meta:
        unknown = RAISE

    hypertable = fields.String(required=True)
    drop_after_seconds = fields.Raw(allow_none=True, metadata=NUMBER)
    drop_after_hours = fields.Raw(allow_none=True, metadata=NUMBER)
    drop_after_days = fields.Raw(allow_none=True, metadata=NUMBER)


class OwnPolicySchema(PolicySchema):
    hypertable = fields.String(load_default=VALUE_TABLE)


POLICY, OWN_POLICY = PolicySchema(), OwnPolicySchema()


@bp.get("/retention/")
@told(query=NO_ARGS, answers=telling.POLICIES)
@requires_plant(scopes.SYSTEM_READ)
def every() -> Response:
    """List the policies of retention for all data streams."""
    return _listed(None)


@bp.post("/retention/")
@told(body=Body(Named("NewPolicy", POLICY)), answers=telling.A_POLICY)
@requires_plant(scopes.SYSTEM_WRITE)
def put() -> Response:
    """Make, change or remove a policy for all data streams."""
    NO_ARGS.of(request)
    return _put(None, bodies.load(request, POLICY))


@bp.get(f"/data/<{ID}:data>/policy/retention/")
@told(query=NO_ARGS, answers=telling.POLICIES)
@requires_plant(scopes.SYSTEM_READ)
def own(data: int) -> Response:
    """List a data stream's own policies of retention."""
    return _listed(data)


@bp.route(f"/data/<{ID}:data>/policy/retention/", methods=["POST", "PUT"])
@told(
    body=Body(Named("NewOwnPolicy", Form(OWN_POLICY, also=telling.DATA))),
    answers=telling.A_POLICY,
)
@requires_plant(scopes.SYSTEM_WRITE)
def put_own(data: int) -> Response:
    """Make, change or remove a data stream's own policy."""
    NO_ARGS.of(request)
    return _put(data, bodies.checked(bodies.raw(request), OWN_POLICY, told={"data": data}))


def _listed(data: int | None) -> Response:
    NO_ARGS.of(request)
    found = services().records.keeping.policies(data, principal())
    return one([_shown(data, each.hypertable, each) for each in found])


def _put(data: int | None, given: dict[str, Any]) -> Response:
    found = services().records.keeping.put(data, given, principal())
    return one(_shown(data, given["hypertable"], found))


def _shown(data: int | None, hypertable: str, policy: Policy | None) -> Document:
    """``null`` stands for no limit."""
    of = {} if data is None else {"data": data}
    seconds: float | None = None
    if policy is not None:
        whole, rest = divmod(policy.drop_after_ms, 1000)
        seconds = policy.drop_after_ms / 1000 if rest else whole
    return {**of, "hypertable": hypertable, "drop_after_seconds": seconds}
