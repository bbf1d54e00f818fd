"""The addresses of the strict root: what may be asked at each, and what stands there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.api.odata.strict.forms import TEXT as PLAIN
from hub.api.odata.strict.forms import XML
from hub.api.odata.strict.targets import BEHIND
from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, OBJECT, TEXT, WHOLE, list_of, some_of
from hub.api.openapi.told import JSON, Answer, Given, Named, Place, Told
from hub.query.odata.query_options import DONE
from hub.services.odata.strict.service import SETS
from hub.values import Document

_SET: Final = Given("set", some_of(*SETS), "The entity set.", place="path")
_KEY: Final = Given("key", TEXT, "The key: a number, a UUID, or a text in quotes.", place="path")
_ABOUT: Final = {
    "apply": "Aggregations, as OData's extension for them has it.",
    "compute": "Properties that are computed.",
    "count": "Whether the number of all rows is told, too.",
    "filter": "Which rows.",
    "format": "The format; otherwise `Accept` says it.",
    "orderby": "In which order.",
    "search": "Words to look for.",
    "select": "Which properties.",
    "skip": "How many rows are passed over.",
    "skiptoken": "What the link to the next page says.",
    "top": "How many rows at most.",
}
_SHAPED: Final[dict[str, Document]] = {"top": WHOLE, "skip": WHOLE, "count": FLAG}
_MOST: Final = Given("OData-MaxVersion", some_of("4.0", "4.01"), "At most this.", place="header")
_REFUSES: Final = (400, 406, 408, 413, 415, 501)


def _asked(*names: str) -> tuple[Given, ...]:
    """System query options."""
    return tuple(Given(f"${name}", _SHAPED.get(name, TEXT), _ABOUT[name]) for name in names)


def _place(
    name: str, path: str, text: str, answer: Answer, asked: Sequence[str], *parts: Given
) -> Place:
    told = Told(
        query=_asked(*asked), given=(*parts, _MOST), answers={200: answer}, refuses=_REFUSES
    )
    return Place(name, path, text, told)


_COLLECTION: Final = Named(
    "ODataCollection",
    {
        "type": "object",
        "properties": {
            "@odata.context": TEXT,
            "@odata.count": {"type": ["integer", "string"]},
            "value": list_of(OBJECT),
            "@odata.nextLink": TEXT,
        },
        "required": ["value"],
    },
)
_VERSION: Final = ("OData-Version",)
_MANY: Final = Answer("A page of entities.", _COLLECTION, headers=_VERSION)
_ONE: Final = Answer("The entity.", OBJECT, headers=_VERSION)
_NUMBER: Final = Answer("The number.", None, (PLAIN,), _VERSION)
_SERVICE: Final = Answer(
    "The sets.",
    closed(
        {
            "@odata.context": TEXT,
            "value": list_of(closed({"name": TEXT, "kind": TEXT, "url": TEXT})),
        },
        "@odata.context",
    ),
    headers=_VERSION,
)
_SCHEMA: Final = Answer("The schema.", OBJECT, (XML, JSON), _VERSION)
_EVERY: Final = sorted(DONE)
_COUNTED: Final = ("apply", "compute", "filter", "format", "search")
_SINGLE: Final = ("compute", "format", "select")


def places(root: str) -> tuple[Place, ...]:
    """The addresses of the strict root."""
    return (
        _place("service", f"{root}/", "List the entity sets", _SERVICE, ("format",)),
        _place("schema", f"{root}/$metadata", "Tell the schema", _SCHEMA, ("format",)),
        _place("collection", f"{root}/{{set}}", "Read entities", _MANY, _EVERY, _SET),
        _place("count", f"{root}/{{set}}/$count", "Count entities", _NUMBER, _COUNTED, _SET),
        _place("entity", f"{root}/{{set}}({{key}})", "Read one entity", _ONE, _SINGLE, _SET, _KEY),
        *(
            _place(
                inner,
                f"{root}/{outer}({{key}})/{inner}",
                f"Read the {inner} of one of the {outer}",
                _MANY,
                _EVERY,
                _KEY,
            )
            for outer, inner in BEHIND.items()
        ),
    )
