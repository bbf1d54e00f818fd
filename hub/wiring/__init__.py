"""Settings to services: the one place where the parts are put together."""

from hub.wiring.opening import Hub, build_services, open_database, open_hub

__all__ = ["Hub", "build_services", "open_database", "open_hub"]
