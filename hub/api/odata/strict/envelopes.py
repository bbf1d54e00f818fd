"""Entities as OData JSON: what stands around them, and answers that are written while they are
read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hub.api.formats import dumps
from hub.api.odata.strict import addresses
from hub.api.odata.strict.forms import Form
from hub.api.odata.strict.shaping import flattener, is_flat, shaper
from hub.errors import HubError
from hub.query.odata.schema import NAMESPACE
from hub.services.odata.strict.pages import Page, Shape
from hub.services.odata.strict.service import Collection
from hub.values import Document

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """Makes the JSON of entities of a collection."""

    collection: Collection
    form: Form
    root: str

    def entities_of(self, shape: Shape) -> Callable[[list[Document]], list[Document]]:
        """What makes the JSON objects of rows, which are used up."""
        if is_flat(shape, self.form):
            return flattener(shape)
        shaped = self._entity_of(shape)
        return lambda rows: [shaped(row) for row in rows]

    def entity(self, shape: Shape, row: Document) -> Document:
        """The JSON object of a row, which is used up."""
        return self.entities_of(shape)([row])[0]

    def _entity_of(self, shape: Shape) -> Callable[[Document], Document]:
        shaped = shaper(shape, self.form, self.collection.type)
        if self.form.level != "full" or shape.grouped:
            return shaped

        def full(row: Document) -> Document:
            path = self._path(row)
            told = {"@odata.type": f"#{NAMESPACE}.{self.collection.type}", "@odata.id": path}
            links = {
                f"{link.name}@odata.navigationLink": f"{path}/{link.name}"
                for link in self.collection.links
            }
            return {**told, **shaped(row), **links}

        return full

    def _path(self, row: Document) -> str:
        name = self.collection.name
        if name == "Values":
            return addresses.at_time(name, row["Time"])
        if name == "Documents":
            return addresses.keyed(name, row["_id"])
        return addresses.keyed(name, row[self.collection.key])

    def context(self, fragment: str) -> dict[str, Any]:
        """The context annotation, where the form has one."""
        if self.form.level == "none":
            return {}
        return {"@odata.context": addresses.context(self.root, fragment)}

    def number(self, value: int) -> int | str:
        """A 64-bit integer."""
        return str(value) if self.form.exact else value


class Body:
    """A collection, streamed. Whatever stops it early breaks the connection: no well-formed
    end."""

    def __init__(
        self, page: Page, written: Written, head: Document, link: Callable[[str], str]
    ) -> None:
        self._page = page
        self._written = written
        self._head = head
        self._link = link

    def __iter__(self) -> Iterator[bytes]:
        entities = self._written.entities_of(self._page.shape)
        try:
            yield dumps(self._head)[:-1] + (b"," if self._head else b"") + b'"value":['
            before = b""
            for rows in self._page:
                if rows:
                    yield before + dumps(entities(rows))[1:-1]
                    before = b","
            yield self._end()
        except HubError as exc:
            log.warning("an answer broke off: %s %s", exc.code, exc.message)
            raise

    def _end(self) -> bytes:
        if self._page.token is None:
            return b"]}"
        return b"]," + dumps({"@odata.nextLink": self._link(self._page.token)})[1:]

    def close(self) -> None:
        self._page.close()
