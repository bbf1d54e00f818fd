"""The address space of an OPC UA server over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final, get_args

from flask import Blueprint, Response, request
from marshmallow import fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, WHOLE, list_of, or_null, some_of
from hub.api.openapi.told import Answer, Named, told
from hub.api.parameters import Count, Parameters, about
from hub.api.plant.io import FAILURES, VALUE_SHAPE, address_of
from hub.api.plant.listing import ID, ListingArgs
from hub.api.plant.opening import principal, requires_plant
from hub.devices.opcua.nodes import Cut
from hub.services import scopes
from hub.services.devices.calls import DEPTH_MAX, NODES, NODES_MAX, OBJECTS, Browse

bp = Blueprint("browse", __name__)


class BrowseArgs(ListingArgs):
    node = fields.String(
        load_default=None,
        **about(f"The node to look below; by default `{OBJECTS}`, the server's objects."),
    )
    depth = Count(
        load_default=1,
        validate=validate.Range(1, DEPTH_MAX),
        **about("How many steps down."),
    )
    limit = Count(
        load_default=NODES,
        validate=validate.Range(1, NODES_MAX),
        **about("How many nodes at most."),
    )


ARGS = Parameters(BrowseArgs())
_NODE: Final = Named(
    "OpcUaNode",
    closed(
        {
            "id": TEXT,
            "parent": TEXT,
            "depth": WHOLE,
            "name": TEXT,
            "display_name": TEXT,
            "kind": TEXT,
            "type": or_null(TEXT),
            "value": VALUE_SHAPE,
            "access": list_of(some_of("read", "write")),
            "opened": FLAG,
        }
    ),
)
_BROWSED: Final = Named(
    "OpcUaNodes",
    closed({"node": TEXT, "nodes": list_of(_NODE), "cut": list_of(some_of(*get_args(Cut)))}),
)


@bp.get(f"/device/<{ID}:device>/opcua/")
@told(query=ARGS, answers={200: Answer("The nodes below.", _BROWSED)}, refuses=FAILURES)
@requires_plant(scopes.DEVICE_READ)
def browse(device: int) -> Response:
    """Browse an OPC UA server."""
    given = ARGS.of(request)
    if given["node"] is not None:
        address_of(given["node"])
    call = Browse(**given)
    found = services().direct.browse(device, call, principal())
    nodes = [asdict(each) for each in found.nodes]
    return one({"node": call.node or OBJECTS, "nodes": nodes, "cut": found.cut})
