"""Single values in a device over HTTP: read and written at once."""

from __future__ import annotations

from typing import Any, ClassVar, Final, get_args

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import some_of
from hub.api.openapi.told import Answer, Body, Form, Named, told
from hub.api.parameters import Parameters, about
from hub.api.plant import bodies
from hub.api.plant.listing import ID
from hub.api.plant.opening import principal, requires_plant
from hub.devices.contract import ByteOrder, Value
from hub.errors import BadAddress
from hub.services import scopes
from hub.services.devices.calls import Found, Read, Write
from hub.services.plant.data_forms import PATH_CHARS_MAX
from hub.services.plant.fields import cleaned
from hub.values import DataType, Document

TEXT_CHARS_MAX = 65_536
FAILURES: Final = (409, 429, 502, 504)
REGISTER: Final = f"/device/<{ID}:device>/io/<path:register>/"

bp = Blueprint("io", __name__)


class Scalar(fields.Field[Value]):
    """A number, exact whatever its size, a boolean or a text."""

    told_as: ClassVar[Document] = {"type": ["number", "boolean", "string"]}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Value:
        if not isinstance(value, (bool, int, float, str)):
            raise ValidationError("Must be a number, a boolean or a text.")
        if isinstance(value, str) and (cleaned(value) != value or len(value) > TEXT_CHARS_MAX):
            raise ValidationError("Is too long, or holds half of a surrogate pair.")
        return value


class IoArgs(Schema):
    class Meta:
        unknown = RAISE

    type = fields.String(
        load_default=None,
        validate=validate.OneOf(get_args(DataType)),
        **about("What the value is; by default what the address says, else uint16."),
    )
    byteorder = fields.String(
        load_default=None,
        validate=validate.OneOf(get_args(ByteOrder)),
        **about("Which word of a longer value comes first; by default that of the device."),
    )


class ValueSchema(Schema):
    class Meta:
        unknown = RAISE

    value = Scalar(required=True)


ARGS = Parameters(IoArgs())
VALUE = ValueSchema()
VALUE_SHAPE: Final[Document] = {"type": ["number", "boolean", "string", "null"]}
_READ: Final = Named(
    "DeviceValue",
    closed({"value": VALUE_SHAPE, "quality": some_of("uncertain")}, "quality"),
)
_WRITTEN: Final = Named("DeviceWritten", closed({"written": {"const": True}, "value": VALUE_SHAPE}))


@bp.get(REGISTER, merge_slashes=False)
@told(query=ARGS, answers={200: Answer("What the device holds now.", _READ)}, refuses=FAILURES)
@requires_plant(scopes.DEVICE_READ)
def read(device: int, register: str) -> Response:
    """Read a value from a device."""
    call = Read(address=address_of(register), **ARGS.of(request))
    return one(_shown(services().direct.read(device, call, principal())))


@bp.post(REGISTER, merge_slashes=False)
@told(
    query=ARGS,
    body=Body(Form(VALUE)),
    answers={200: Answer("What was written.", _WRITTEN)},
    refuses=FAILURES,
)
@requires_plant(scopes.DEVICE_WRITE)
def write(device: int, register: str) -> Response:
    """Write a value to a device."""
    given = ARGS.of(request)
    call = Write(address=address_of(register), **given, **bodies.load(request, VALUE))
    return one({"written": True, "value": services().direct.write(device, call, principal())})


def address_of(register: str) -> str:
    """The address in a URL.

    Raises:
        BadAddress: it holds what is no character of one, as a ``%`` leaves that was not encoded.
    """
    if "\ufffd" in register or not register.isprintable():
        raise BadAddress("the address is not text: a % in it is written as %25")
    if len(register) > PATH_CHARS_MAX:
        raise BadAddress(f"an address has {PATH_CHARS_MAX} characters at most")
    return register


def _shown(found: Found) -> Document:
    if found.quality == "good":
        return {"value": found.value}
    return {"value": found.value, "quality": found.quality}
