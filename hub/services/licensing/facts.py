"""What is told of a licence."""

from __future__ import annotations

from hub.services.licensing.licensing import Standing
from hub.values import Document


def of_standing(standing: Standing) -> Document:
    licence = standing.licence
    told = licence and {
        "id": licence.id,
        "issued_to": licence.issued_to,
        "issued": licence.issued,
        "from": licence.start,
        "until": licence.end,
    }
    return {"state": standing.state, "instance": standing.instance, "license": told}
