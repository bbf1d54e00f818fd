"""The one view of the strict root: the path says what, the query options say how."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import MethodNotAllowed

from hub.api.auth import optional_principal
from hub.api.context import services
from hub.api.formats import dumps
from hub.api.odata.encoding import check_utf8
from hub.api.odata.strict import addresses, csdl, failures, forms, telling
from hub.api.odata.strict.envelopes import Body, Written
from hub.api.odata.strict.forms import JSON, TEXT, XML, Form
from hub.api.odata.strict.targets import Resolving, Target
from hub.api.openapi.told import stands_for
from hub.api.opening import opened
from hub.errors import BadParameter, Invalid, NotAcceptable, Unauthorized
from hub.query.odata.asking import Asked, asked
from hub.query.odata.ast import Path
from hub.query.odata.clauses import Selected
from hub.query.odata.query_options import Options, query_options
from hub.query.odata.refusal import unsupported
from hub.query.odata.resources import parse_resource
from hub.services.odata.strict.service import Collection
from hub.values import Document, Principal

bp = Blueprint("odata_strict", __name__, url_prefix=addresses.PREFIX)
failures.register(bp)

METHODS: Final = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
READING: Final = ["GET", "HEAD", "OPTIONS"]
_OF_ENTITY: Final = frozenset({"select", "compute", "format"})
_OF_COUNT: Final = frozenset({"filter", "search", "apply", "compute", "format"})
_FORMAT: Final = frozenset({"format"})
_POSTED: Final = ("$batch", "$query")
"""Questions of OData that come by POST."""


@bp.route("/", methods=METHODS, provide_automatic_options=False)
@bp.route("/<rest:path>", methods=METHODS, provide_automatic_options=False)
@stands_for(*telling.places(addresses.PREFIX))
@opened("any key")
def serve(path: str = "") -> Response:
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": ", ".join(READING)})
    reader = _reader()
    if request.method not in READING:
        raise _refused(path)
    forms.version(request.headers.get("OData-MaxVersion"))
    check_utf8(request.query_string)
    options = query_options(request.args.items(multi=True))
    question = asked(options)
    resolving = Resolving(
        services().strict_odata,
        reader,
        question.aliases,
        root=addresses.main_root(request.url_root),
        slash=request.path.endswith("/"),
    )
    target = resolving.target(parse_resource(path))
    return _ANSWERS[target.what](target, options, question)


def _refused(path: str) -> Exception:
    """What refuses a method that does not read."""
    last = path.rstrip("/").rpartition("/")[2]
    if request.method == "POST" and last in _POSTED:
        return unsupported(last, path.rindex(last))
    return MethodNotAllowed(READING)


@bp.after_request
def _versioned(response: Response) -> Response:
    """Every answer names its version; a wish that cannot be met is answered in the least."""
    try:
        spoken = forms.version(request.headers.get("OData-MaxVersion"))
    except Invalid:
        spoken = "4.0"
    response.headers["OData-Version"] = spoken
    response.headers["Vary"] = "Accept, OData-MaxVersion, Prefer"
    return response


def _reader() -> Principal:
    found = optional_principal()
    if found is None:
        raise Unauthorized("an access key is needed as user name, with an empty password")
    return found


def _form(options: Options, *offered: str) -> Form:
    return forms.chosen(options.texts.get("format"), request.headers.get("Accept", ""), offered)


def _text_form(options: Options) -> Form:
    """Of what is text and nothing else: many clients ask for JSON, and take it."""
    return _form(options, TEXT) if "format" in options.texts else Form(TEXT)


def _json(body: Any, form: Form) -> Response:
    return Response(dumps(body), content_type=form.content_type)


def _text(text: str, form: Form) -> Response:
    return Response(text.encode(), content_type=form.content_type)


def _service(target: Target, options: Options, _: Asked) -> Response:
    options.refuse_others(_FORMAT, "a service document")
    form = _form(options, JSON)
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in target.sets]
    context = {"@odata.context": f"{target.root}$metadata"}
    return _json({**(context if form.level != "none" else {}), "value": sets}, form)


def _schema(target: Target, options: Options, _: Asked) -> Response:
    options.refuse_others(_FORMAT, "$metadata")
    version = forms.version(request.headers.get("OData-MaxVersion"))
    form = _form_of_schema(options, version)
    assert target.schema is not None
    if form.media_type == JSON:
        body = dumps(csdl.as_json(target.schema, version))
        return Response(body, content_type=JSON)
    return Response(csdl.as_xml(target.schema, version), content_type=form.content_type)


def _form_of_schema(options: Options, version: str) -> Form:
    """JSON came with 4.01: who speaks 4.0 gets it only where it takes nothing else."""
    if version == "4.0" and "format" not in options.texts:
        with suppress(NotAcceptable):
            return _form(options, XML)
    return _form(options, XML, JSON)


def _collection(target: Target, options: Options, question: Asked) -> Response:
    form = _form(options, JSON)
    collection = _of(target)
    size = forms.page_size(request.headers.getlist("Prefer"))
    page = collection.page(question, size)
    written = Written(collection, form, target.root)
    shown = page.shape.properties if page.shape.grouped or _selects(question) else None
    head: Document = written.context(addresses.fragment(collection.name, shown))
    if page.count is not None:
        head["@odata.count"] = written.number(page.count)
    pairs = list(request.args.items(multi=True))
    url = request.base_url
    body = Body(page, written, head, lambda token: addresses.next_link(url, pairs, token))
    response = Response(body, content_type=form.content_type)
    if size is not None:
        response.headers["Preference-Applied"] = f"odata.maxpagesize={size}"
    return response


def _count(target: Target, options: Options, question: Asked) -> Response:
    options.refuse_others(_OF_COUNT, "a count")
    form = _text_form(options)
    return _text(str(_of(target).count(question)), form)


def _entity(target: Target, options: Options, question: Asked) -> Response:
    options.refuse_others(_OF_ENTITY, "an entity")
    form = _form(options, JSON)
    collection = _of(target)
    written = Written(collection, form, target.root)
    assert target.key is not None
    row, shape = collection.entity(target.key, question)
    shown = shape.properties if _selects(question) else None
    fragment = addresses.fragment(collection.name, shown, single=True)
    return _json({**written.context(fragment), **written.entity(shape, row)}, form)


def _property(target: Target, options: Options, question: Asked) -> Response:
    options.refuse_others(_FORMAT, "a property")
    form = _text_form(options) if target.ending else _form(options, JSON)
    collection = _of(target)
    assert target.key is not None
    only = Asked(select=Selected((Path(target.names),)), aliases=question.aliases)
    row, shape = collection.entity(target.key, only)
    written = Written(collection, Form(level="none", exact=form.exact), target.root)
    value: Any = written.entity(shape, row)
    for name in target.names:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return _nothing()
    if target.ending:
        return _text(_raw(target, value), form)
    path = f"{addresses.keyed(collection.name, target.key.value)}/{'/'.join(target.names)}"
    context = Written(collection, form, target.root).context(path)
    if isinstance(value, dict):
        return _json({**context, **value}, form)
    return _json({**context, "value": value}, form)


def _nothing() -> Response:
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def _raw(target: Target, value: Any) -> str:
    """What ``$value`` and ``$count`` behind a property give."""
    if target.ending == "$count" and isinstance(value, list):
        return str(len(value))
    if target.ending == "$count" or isinstance(value, (list, dict)):
        raise BadParameter(f"{target.ending} cannot be asked of this property", parameter="path")
    return value if isinstance(value, str) else dumps(value).decode().strip('"')


def _selects(question: Asked) -> bool:
    return question.select is not None and not question.select.everything


def _of(target: Target) -> Collection:
    assert target.collection is not None
    return target.collection


_ANSWERS: Final[dict[str, Callable[[Target, Options, Asked], Response]]] = {
    "service": _service,
    "schema": _schema,
    "collection": _collection,
    "count": _count,
    "entity": _entity,
    "property": _property,
}
