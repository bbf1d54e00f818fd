"""How long the hub waits for a silent client: its thread is needed by others."""

from __future__ import annotations

from flask import Flask, request

SOCKET = "gunicorn.socket"


def register(app: Flask, timeout_s: float) -> None:
    """Bound each wait for the client's bytes, and for it to take ours, to ``timeout_s``.

    A late body is a ``SlowClient``; a late reader loses its connection. gunicorn makes the
    socket wait for ever again before the next request on it.
    """

    def limit_waiting() -> None:
        socket = request.environ.get(SOCKET)
        if socket is not None:
            socket.settimeout(timeout_s)

    app.before_request(limit_waiting)
