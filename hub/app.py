"""The web application."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from hub.api import (
    catalogue,
    datasets,
    errors,
    health,
    limits,
    pages,
    paths,
    patience,
    series,
    session,
    streams,
    terminals,
)
from hub.api.context import BodyLimits, Context
from hub.api.odata import datastream, strict
from hub.api.openapi.views import bp as openapi
from hub.api.plant import bp as plant
from hub.services import Services
from hub.settings import Settings

BLUEPRINTS = (
    catalogue.bp,
    datasets.bp,
    datastream.bp,
    health.bp,
    plant,
    series.bp,
    session.bp,
    streams.bp,
    strict.bp,
    openapi,
    pages.bp,
    terminals.bp,
)


def create_app(settings: Settings, services: Services) -> Flask:
    """A ready application over services that are open in this process."""
    app = Flask("hub", static_folder=None)
    app.url_map.strict_slashes = False
    paths.register(app)
    app.extensions["hub"] = Context(
        services, _body_limits(settings), settings.odata.allowed_origins
    )
    if settings.trusted_proxies:
        _believe_proxies(app, settings.trusted_proxies)
    errors.register(app)
    patience.register(app, settings.client_timeout_s)
    limits.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _believe_proxies(app: Flask, count: int) -> None:
    """Take the client's address and scheme from what so many proxies say."""
    believing = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)
    app.wsgi_app = believing  # type: ignore[method-assign]


def _body_limits(settings: Settings) -> BodyLimits:
    return BodyLimits(
        sent_max=settings.body_bytes_max,
        inflated_max=settings.body_inflated_bytes_max,
        query_max=settings.query_bytes_max,
    )
