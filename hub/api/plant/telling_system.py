"""Networks of Hamachi and the licence as they are sent and told."""

from __future__ import annotations

from typing import Final, get_args

from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, TEXT, TIME, UUID, WHOLE, list_of, or_null, some_of
from hub.api.openapi.told import Answer, Named, Shape
from hub.hamachi.parsing import CONNECTIONS, PEERS, TRANSPORTS
from hub.services.licensing.licences import State
from hub.values import Document

MAYBE: Final = or_null(TEXT)


def told(shape: Shape, text: str, status: int = 200) -> dict[int, Answer]:
    return {status: Answer(text, shape)}


def one_or_null(*words: str) -> Document:
    return {"type": ["string", "null"], "enum": [*words, None]}


HAMACHI: Final = told(
    Named(
        "HamachiStatus",
        closed(
            {
                "version": MAYBE,
                "pid": or_null(WHOLE),
                "status": TEXT,
                "client_id": MAYBE,
                "ipv4": MAYBE,
                "ipv6": MAYBE,
                "nickname": MAYBE,
                "account": MAYBE,
                "account_pending": FLAG,
            }
        ),
    ),
    "The client of the machine that answers.",
)
_MEMBER: Final = closed(
    {
        "id": TEXT,
        "nickname": MAYBE,
        "status": some_of(*PEERS.values()),
        "ipv4": MAYBE,
        "ipv6": MAYBE,
        "alias": MAYBE,
        "connection": one_or_null(*CONNECTIONS),
        "transport": one_or_null(*TRANSPORTS),
        "endpoint": MAYBE,
        "note": MAYBE,
    }
)
_NETWORK: Final = Named(
    "HamachiNetwork",
    closed(
        {
            "id": TEXT,
            "name": TEXT,
            "online": FLAG,
            "used": or_null(WHOLE),
            "capacity": or_null(WHOLE),
            "subnet": MAYBE,
            "subscription": MAYBE,
            "owner": MAYBE,
            "owner_id": MAYBE,
            "own": FLAG,
            "members": list_of(_MEMBER),
        }
    ),
)
NETWORKS: Final = told(list_of(_NETWORK), "Those that the machine is in.")
A_NETWORK: Final = told(_NETWORK, "It, and its other members.")
_JOINED: Final = Named("JoinedNetwork", closed({"network": TEXT, "joined": FLAG, "pending": FLAG}))
JOINED: Final = told(_JOINED, "The machine is in it.", 201) | told(
    _JOINED, "Its owner has yet to approve.", 202
)

REQUEST: Final = told(
    Named(
        "ActivationRequest",
        closed(
            {
                "product": TEXT,
                "version": TEXT,
                "instance": UUID,
                "machine": closed({"fingerprint": MAYBE, "source": MAYBE}),
                "time": TIME,
                "public_key": TEXT,
                "request": TEXT,
            }
        ),
    ),
    "What a licence is issued for; `request` is the same, signed.",
)
LICENSE: Final = told(
    Named(
        "License",
        closed(
            {
                "state": some_of(*get_args(State)),
                "instance": UUID,
                "license": {
                    "anyOf": [
                        closed(
                            {
                                "id": UUID,
                                "issued_to": TEXT,
                                "issued": TIME,
                                "from": TIME,
                                "until": or_null(TIME),
                            }
                        ),
                        {"type": "null"},
                    ]
                },
            }
        ),
    ),
    "How it stands.",
)
