"""AI devices over HTTP: a model and its scaler, uploaded."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from hub.ai import models, scalers
from hub.api import multipart
from hub.api.answers import one
from hub.api.context import services
from hub.api.openapi.told import told
from hub.api.parameters import Count, Parameters
from hub.api.plant import bodies, telling_ai
from hub.api.plant.listing import NoArgs
from hub.api.plant.opening import principal, requires_plant
from hub.services import scopes
from hub.services.ai.facts import of_model
from hub.services.ai.uploading import Upload
from hub.services.plant.fields import ID_MAX

bp = Blueprint("ai", __name__)
NO_ARGS: Final = Parameters(NoArgs())
FILES: Final = ("model", "scaler")
BYTES_MAX: Final = models.FILE_BYTES_MAX + scalers.FILE_BYTES_MAX + multipart.TEXT_CHARS_MAX
THRESHOLD_MAX: Final = 1e300


class Decimal(fields.Float):
    """A number in plain characters, within bounds; no NaN, no infinity."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if "_" in str(value) or not str(value).isascii():
            raise self.make_error("invalid", input=value)
        read = super()._deserialize(value, *args, **kwargs)
        if not -THRESHOLD_MAX <= read <= THRESHOLD_MAX:
            raise ValidationError(f"Must be within {THRESHOLD_MAX:g}.")
        return read


class UploadSchema(Schema):
    """The fields beside the files; what is sent empty is not said."""

    class Meta:
        unknown = RAISE

    model_type = fields.String(required=True, validate=validate.OneOf(models.MODEL_TYPES))
    source = Count(required=True, validate=validate.Range(1, ID_MAX))
    threshold = Decimal(load_default=None)
    name = bodies.Name(load_default=None)
    device_id = Count(load_default=None, validate=validate.Range(1, ID_MAX))
    data_id = Count(load_default=None, validate=validate.Range(1, ID_MAX))


UPLOAD: Final = UploadSchema()


@bp.post("/ai/upload/")
@told(body=telling_ai.UPLOAD, answers=telling_ai.UPLOADED, refuses=(409,))
@requires_plant(scopes.SYSTEM_WRITE)
def upload() -> Response:
    """Upload a model and its scaler, which then score a data stream."""
    NO_ARGS.of(request)
    sent = multipart.read(request, FILES, BYTES_MAX)
    given = bodies.checked({name: text for name, text in sent.texts.items() if text}, UPLOAD)
    files = {name: sent.files[name] for name in FILES}
    wish: dict[str, Any] = {**files, **given}
    made = services().ai.uploading.put(Upload(**wish), principal())
    return one(of_model(made, given["threshold"]), 201)
