"""The form in which a data stream is described in JSON: names, bounds, defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from marshmallow import RAISE, Schema, ValidationError, validate
from marshmallow import fields as kinds

from hub.errors import Forbidden
from hub.services.plant.fields import Flag, Id, Name, Number, Tags, Text, checked, refused
from hub.services.plant.forms import INTERVAL_S
from hub.values import AccessMode, DataType, Document, Place, Reach, Stream

PATH_CHARS_MAX = 500
UNIT_CHARS_MAX = 50
DEADBAND = (0.0, 1e300)
TITLE = "title"


class Path(Text):
    """An address in a device; its grammar is that of the device's kind."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        read = super()._deserialize(value, *args, **kwargs)
        if not read.isprintable() or "\ufffd" in read:
            raise ValidationError("Holds what is no character of an address.")
        return read


class DataSchema(Schema):
    class Meta:
        unknown = RAISE

    name = Name(required=True)
    device = Id(load_default=None, allow_none=True)
    path = Path(1, PATH_CHARS_MAX, load_default=None, allow_none=True)
    type = kinds.String(
        load_default=None, allow_none=True, validate=validate.OneOf(get_args(DataType))
    )
    access_mode = kinds.String(load_default="read", validate=validate.OneOf(get_args(AccessMode)))
    group = Id(load_default=None, allow_none=True)
    unit = Text(1, UNIT_CHARS_MAX, load_default=None, allow_none=True)
    enabled = Flag(load_default=True)
    poll_interval = Number(
        *INTERVAL_S, load_default=None, allow_none=True, attribute="poll_interval_s"
    )
    on_change = Flag(load_default=False)
    deadband = Number(*DEADBAND, load_default=None, allow_none=True)
    heartbeat = Number(*INTERVAL_S, load_default=None, allow_none=True, attribute="heartbeat_s")
    metadata = Tags(load_default=dict)
    tags = Tags()


DATA = DataSchema()
PLACE = tuple(each.name for each in fields(Place))


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    tags: Document
    place: Place


def new(body: Any) -> Form:
    """What a new data stream shall be. Raises BadField."""
    given = checked(body, DATA)
    place = Place(**{name: given[name] for name in PLACE})
    return Form(given["name"], given.get("tags", {}), place)


def changed(old: Stream, body: Any, reach: Reach, *, partial: bool) -> Stream:
    """A stream with the fields of a body; its name stays the tag that it was.

    Args:
        reach: of the key. A device out of it stays the stream's whatever is not said.
        partial: what is not given stays, where otherwise defaults stand; tags stay anyway.

    Raises:
        BadField: with what is wrong.
        Forbidden: the stream would be moved from a device that is out of reach.
    """
    given = checked(body, DATA, partial=partial, told=_told(old))
    hidden = old.device is not None and not reach.opens_device(old.device)
    if hidden and given.pop("device", None) is not None:
        raise Forbidden("this key cannot move the stream")
    place = replace(old.place, **{name: given[name] for name in PLACE if name in given})
    if place.device is not None and place.device != old.device:
        _check_takes_values(old)
    name = given.get("name", old.name)
    return replace(old, name=name, tags=_tags(old, name, given.get("tags")), place=place)


def _told(old: Stream) -> dict[str, Any]:
    shown = {"id": old.id, "uuid": old.uuid, "value_type": old.value_type, "public": old.public}
    return shown | {"created": None}


def _tags(old: Stream, name: str, given: Document | None) -> Document:
    tags = old.tags if given is None else {TITLE: name} | given
    return tags | {TITLE: name} if tags.get(TITLE) == old.name else tags


def _check_takes_values(stream: Stream) -> None:
    if stream.derivation or stream.feed:
        raise refused("device", "This stream's values come from elsewhere.")
    if stream.value_type != "numeric":
        raise refused("device", "Only numeric streams belong to devices.")
