"""Strict OData 4.01 over HTTP, for Excel, Power BI and other programs that know OData."""

from __future__ import annotations

from hub.api.odata.strict.views import bp

__all__ = ["bp"]
