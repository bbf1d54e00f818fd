"""Who is asking: the dataset key in HTTP Basic, as user name with an empty password.

Every refusal is the same 401, so that nobody learns whether a dataset exists or a key once
opened it. A key that opens the dataset and lacks the scope is told which one, with 403.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request
from flask_httpauth import HTTPBasicAuth

from hub.api import errors
from hub.api.context import services
from hub.errors import Forbidden, Unauthorized
from hub.values import Principal

View = TypeVar("View", bound=Callable[..., Any])


class _Basic(HTTPBasicAuth):  # type: ignore[misc]
    def ensure_sync(self, f: View) -> View:
        """Our callbacks are plain functions; finding that out anew on each request is dear."""
        return f


basic = _Basic(realm="hub")


def principal() -> Principal:
    """The verified key of this request."""
    return cast(Principal, basic.current_user())


@basic.verify_password
def verify(username: str, password: str) -> Principal | None:
    if password or not username:
        return None
    found = services().keys.verify(username)
    dataset = (request.view_args or {}).get("dataset", "")
    if found is None or not services().datasets.opened_by(dataset, found):
        return None
    return found


@basic.error_handler
def refuse(status: int) -> Response:
    error = Unauthorized("a dataset's access key is needed as user name, with an empty password")
    return errors.answer(status, errors.facts(error))


def requires(scope: str) -> Callable[[View], View]:
    """A view that only a key with this scope reaches; every view is open or carries one."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if scope not in principal().scopes:
                raise Forbidden("this key does not have the scope for it", scope=scope)
            return view(*args, **kwargs)

        return cast(View, basic.login_required(guarded))

    return decorate
