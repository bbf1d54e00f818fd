"""What became of a PUT, as its sender reads it."""

from __future__ import annotations

from typing import Any

from flask import Response

from hub.api import errors
from hub.api.answers import one
from hub.errors import HubError, Invalid
from hub.services.ingest import Incoming, Outcome
from hub.values import Document


def response(incoming: Incoming, outcome: Outcome) -> Response:
    """201 with the stored document, or a batch's verdicts in order.

    A batch answers 201 when every document is stored, 207 when some are, 400 when none is
    (503 where the database, not the documents, was the reason).
    """
    if incoming.shape == "object":
        answer = one(outcome.verdicts[0], 201)
    else:
        answer = one(_told(outcome), _status(outcome))
    if outcome.replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _status(outcome: Outcome) -> int:
    stored, total = outcome.stored, len(outcome.verdicts)
    if stored == total:
        return 201
    if stored:
        return 207
    return 400 if all(isinstance(verdict, Invalid) for verdict in outcome.verdicts) else 503


def _told(outcome: Outcome) -> dict[str, Any]:
    stored = outcome.stored
    return {
        "stored": stored,
        "refused": len(outcome.verdicts) - stored,
        "verdicts": [_verdict(index, v) for index, v in enumerate(outcome.verdicts)],
    }


def _verdict(index: int, verdict: Document | HubError) -> dict[str, Any]:
    if isinstance(verdict, HubError):
        return {"index": index, "status": "refused", "error": errors.facts(verdict)}
    return {"index": index, "status": "stored", "_id": verdict["_id"]}
