"""What is told of an uploaded model, ready for JSON."""

from __future__ import annotations

from hub.store.plant.models import Model
from hub.values import Document


def of_model(made: Model, threshold: float | None) -> Document:
    shape = made.shape
    outputs = [
        {"name": each.name, "shape": list(each.shape), "part": each.part} for each in shape.outputs
    ]
    return {
        "device_id": made.device,
        "data_id": made.data,
        "source": made.source,
        "threshold": threshold,
        "model": {
            "type": made.kind,
            "window": shape.window,
            "features": shape.features,
            "dtype": shape.dtype,
            "outputs": outputs,
            "repeatable": shape.steady,
            "size": made.size_bytes,
            "sha256": made.digest,
        },
        "scaler": {"type": made.scaler.kind, "features": made.scaler.features},
    }
