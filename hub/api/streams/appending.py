"""Datapoints over HTTP, written: one, an array, or lines of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response, request

from hub.api import body, errors
from hub.api.answers import one
from hub.api.auth import principal, requires_key
from hub.api.context import services
from hub.api.openapi.headers import BRIEF, IDEMPOTENCY
from hub.api.openapi.told import told
from hub.api.streams import telling
from hub.errors import HubError, Invalid
from hub.ingest.text import shape_of
from hub.series.shape import iso
from hub.services import scopes
from hub.services.streams.writing.appending import Appended, Arriving, Verdict
from hub.values import Stream

bp = Blueprint("appending", __name__)


@bp.put("/stream/<stream>/")
@told(given=(IDEMPOTENCY, BRIEF), body=telling.SENT, answers=telling.APPENDED, refuses=(409, 422))
@requires_key(scopes.STREAM_WRITE)
def append(stream: str) -> Response:
    """Append datapoints to a stream."""
    found = services().streams.writable(stream, principal())
    content = body.read(request)
    media_type = body.media_type(request, (body.JSON, *body.NDJSON))
    arriving = Arriving(
        stream=found,
        body=content,
        shape=shape_of(content, lines=media_type != body.JSON),
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    appended, brief = services().appending.put(arriving), _brief()
    if arriving.shape == "object":
        answer = one(_single(found, appended), 201)
    else:
        answer = one(_told(found, appended, brief=brief), _status(appended))
    if brief:
        answer.headers["Preference-Applied"] = "return=minimal"
    if appended.replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _single(stream: Stream, appended: Appended) -> dict[str, Any]:
    (stored,) = appended.verdicts
    assert not isinstance(stored, HubError)
    at, value = stored
    (time,) = _iso([at])
    datapoint = {"t": time, "v": value}
    return {"stream_id": stream.uuid, "granularity": stream.highest, "datapoint": datapoint}


def _brief() -> bool:
    """Whether the sender wants to hear of refused datapoints only (RFC 7240)."""
    wishes = request.headers.get("Prefer", "").lower().split(",")
    return any(wish.split(";")[0].strip() == "return=minimal" for wish in wishes)


def _told(stream: Stream, appended: Appended, *, brief: bool) -> dict[str, Any]:
    """A batch's verdicts in order: each one's, or those of refused datapoints."""
    stored, total = appended.stored, len(appended.verdicts)
    if not brief:
        said = _said(appended.verdicts)
    else:
        said = _refused(appended.verdicts) if stored < total else []
    return {
        "stream_id": stream.uuid,
        "granularity": stream.highest,
        "stored": stored,
        "refused": total - stored,
        "verdicts": said,
    }


def _refused(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [
        {"index": index, "status": "refused", "error": errors.facts(verdict)}
        for index, verdict in enumerate(verdicts)
        if isinstance(verdict, HubError)
    ]


def _said(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    times = _iso([0 if isinstance(verdict, HubError) else verdict[0] for verdict in verdicts])
    said = [{"index": index, "status": "stored", "t": t} for index, t in enumerate(times)]
    for refused in _refused(verdicts):
        said[refused["index"]] = refused
    return said


def _iso(times: list[int]) -> list[str]:
    return iso(np.array(times, np.int64))


def _status(appended: Appended) -> int:
    """201 when all are stored, 207 when some are, 400 when none is."""
    stored, total = appended.stored, len(appended.verdicts)
    if stored == total:
        return 201
    if stored:
        return 207
    return 400 if all(isinstance(verdict, Invalid) for verdict in appended.verdicts) else 503
