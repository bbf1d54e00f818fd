"""Who is asking: an access key, shown in one of three ways, or a session.

As the user name of HTTP Basic with an empty password, as ``Authorization: ApiKey <key>``, or as
``X-API-Key: <key>``; ``Authorization`` counts first where its scheme can show a key. Every refusal
is the same 401, so that nobody learns whether a dataset exists or a key once opened it. A key that
opens the door and lacks the scope is told which one, with 403.

The plant API also takes the session of somebody who logged in. A key counts before it; on a method
that changes something the session's CSRF token must come along.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Response, g, request
from flask_httpauth import HTTPBasicAuth
from werkzeug.datastructures import Authorization

from hub.api import cookie, errors
from hub.api.context import services
from hub.api.opening import View, opened
from hub.errors import Forbidden, Unauthorized
from hub.services.people.sessions import Visit
from hub.values import Principal

TOKEN = "apikey"
BASIC = "basic"
HEADER = "X-API-Key"
CSRF_HEADER = "X-CSRF-Token"
SAFE = ("GET", "HEAD", "OPTIONS")
CHALLENGE = 'ApiKey realm="hub"'
"""Where people are, too, a browser must not ask for a name and a password by itself."""


class _Shown(HTTPBasicAuth):  # type: ignore[misc]
    """HTTP Basic, into which the other ways to show a key are translated."""

    def get_auth(self) -> Authorization | None:
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == TOKEN:
            return _as_basic(rest.strip())
        if scheme.lower() != BASIC and HEADER in request.headers:
            return _as_basic(request.headers[HEADER].strip())
        return cast("Authorization | None", super().get_auth())

    def ensure_sync(self, f: View) -> View:
        """Our callbacks are plain functions; finding that out anew on each request is dear."""
        return f


def _as_basic(secret: str) -> Authorization:
    return Authorization("basic", {"username": secret, "password": ""})


basic = _Shown(realm="hub")
"""For views with a dataset in their URL, which the key must open."""
anywhere = _Shown(realm="hub")
"""For all others: any live key."""


def principal() -> Principal:
    """Who this request is, by its verified key or session."""
    return cast(Principal, g.get("principal") or basic.current_user())


def optional_principal() -> Principal | None:
    """Who asks at a door where public things need no key; None for somebody without one.

    Raises:
        Unauthorized: what was shown is no key, or opens nothing any more.
    """
    if "Authorization" not in request.headers and HEADER not in request.headers:
        return None
    shown = anywhere.get_auth()
    found = _verified(shown.username or "", shown.password or "") if shown else None
    if found is None:
        raise Unauthorized("this is no access key that opens anything")
    return found


def _verified(username: str, password: str) -> Principal | None:
    if password or not username:
        return None
    return services().keys.verify(username)


anywhere.verify_password(_verified)


@basic.verify_password
def verify(username: str, password: str) -> Principal | None:
    found = _verified(username, password)
    dataset = (request.view_args or {}).get("dataset", "")
    if found is None or not services().datasets.opened_by(dataset, found):
        return None
    return found


@basic.error_handler
def refuse(status: int) -> Response:
    error = Unauthorized("a dataset's access key is needed as user name, with an empty password")
    return errors.answer(status, errors.facts(error))


@anywhere.error_handler
def refuse_anywhere(status: int) -> Response:
    error = Unauthorized("an access key is needed as user name, with an empty password")
    return errors.answer(status, errors.facts(error))


def requires(scope: str) -> Callable[[View], View]:
    """A view of a dataset that only a key with this scope reaches."""
    return _requiring(basic, scope)


def requires_key(scope: str) -> Callable[[View], View]:
    """A view without a dataset in its URL that only a key with this scope reaches.

    What the key is restricted to is for the service to look at.
    """
    return _requiring(anywhere, scope)


def requires_plant(scope: str) -> Callable[[View], View]:
    """A view of the plant API: for a key with this scope, or a session.

    What a key is restricted to is for the service to look at; a session is not restricted.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                asking = optional_principal() or visit().principal
            except Unauthorized as error:
                return refuse_people(error)
            _check_scope(asking, scope)
            g.principal = asking
            return view(*args, **kwargs)

        return opened("plant", scope)(cast(View, guarded))

    return decorate


def requires_session(view: View) -> View:
    """A view that only a session reaches, which is then in ``visit``."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        visit()
        return view(*args, **kwargs)

    return opened("session")(cast(View, guarded))


def visit() -> Visit:
    """The session of this request.

    Raises:
        Unauthorized: none is shown, or it ended.
        Forbidden: the method changes something, and the session's CSRF token is not with it.
    """
    found = optional_visit()
    if found is None:
        raise Unauthorized("an access key or a session is needed")
    return found


def optional_visit() -> Visit | None:
    """The live session that is shown, if one is. Raises Forbidden as ``visit`` does."""
    found = shown_visit()
    if found and request.method not in SAFE:
        shown = request.headers.get(CSRF_HEADER, "")
        if not found.is_token(shown):
            raise Forbidden("a session needs its CSRF token for this", header=CSRF_HEADER)
    return found


def shown_visit() -> Visit | None:
    """The live session that is shown, its token or not; looked up once a request."""
    if "visit" not in g:
        secret = cookie.shown()
        g.visit = services().people.sessions.verify(secret) if secret else None
    return cast("Visit | None", g.visit)


def refuse_people(error: Unauthorized) -> Response:
    """401 where a session would do."""
    response = errors.answer(errors.status_of(type(error)), errors.facts(error))
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _requiring(shown: _Shown, scope: str) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _check_scope(principal(), scope)
            return view(*args, **kwargs)

        return opened("key", scope)(cast(View, shown.login_required(guarded)))

    return decorate


def _check_scope(asking: Principal, scope: str) -> None:
    if scope not in asking.scopes:
        raise Forbidden("this key does not have the scope for it", scope=scope)
