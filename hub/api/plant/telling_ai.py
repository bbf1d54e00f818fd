"""Uploads of models as they are sent and told."""

from __future__ import annotations

from typing import Final

from hub.ai.models import FLOATS, MODEL_TYPES, QUANTISED
from hub.ai.pickles import SCALERS
from hub.api.multipart import MULTIPART
from hub.api.openapi.doors import closed
from hub.api.openapi.shapes.common import FLAG, ID, TEXT, list_of, or_null, some_of
from hub.api.openapi.told import Answer, Body, Named
from hub.services.plant.fields import NAME_CHARS_MAX
from hub.values import Document

COUNT: Final[Document] = {"type": "integer", "minimum": 1}
NUMBER: Final[Document] = {"type": "number"}
PARTS: Final = ("mean", "log_variance")

FILE: Final[Document] = {"type": "string", "format": "binary"}

UPLOAD: Final = Body(
    {
        **closed(
            {
                "model": FILE,
                "scaler": FILE,
                "model_type": some_of(*MODEL_TYPES),
                "source": ID,
                "threshold": NUMBER,
                "name": {"type": "string", "maxLength": NAME_CHARS_MAX},
                "device_id": ID,
                "data_id": ID,
            }
        ),
        "required": ["model", "scaler", "model_type", "source"],
    },
    types=(MULTIPART,),
    text="A model of TensorFlow Lite, and a scaler that pickle or joblib wrote.",
)
UPLOADED: Final = {
    201: Answer(
        "Where scores go, and what was read from the files.",
        Named(
            "UploadedModel",
            closed(
                {
                    "device_id": ID,
                    "data_id": ID,
                    "source": ID,
                    "threshold": or_null(NUMBER),
                    "model": closed(
                        {
                            "type": some_of(*MODEL_TYPES),
                            "window": COUNT,
                            "features": COUNT,
                            "dtype": some_of(*FLOATS, *QUANTISED),
                            "outputs": list_of(
                                closed(
                                    {
                                        "name": TEXT,
                                        "shape": list_of(COUNT),
                                        "part": or_null(some_of(*PARTS)),
                                    }
                                )
                            ),
                            "repeatable": FLAG,
                            "size": COUNT,
                            "sha256": TEXT,
                        }
                    ),
                    "scaler": closed({"type": some_of(*SCALERS), "features": COUNT}),
                }
            ),
        ),
    )
}
