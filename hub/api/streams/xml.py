"""Any JSON value as XML, in the generic mapping that clients of the original API read.

The root is ``response``. An object is an element with ``type="hash"`` (the root carries none)
and a child for each key; a list has ``type="list"`` and children named ``object`` (objects),
``objects`` (lists) or ``value`` (the rest). Children are sorted by tag, which leaves the items
of a list of one kind in their order. Numbers, booleans (``True``, ``False``) and null state their
type; text does not.

A key that is no XML name becomes ``<entry key="...">``. A character that XML cannot hold
becomes U+FFFD.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PLAUSIBLE = re.compile(r"[^\W\d][\w.-]*")
NAME_CHARS_MAX = 200


def dumps(value: Any) -> bytes:
    """A whole XML text in UTF-8."""
    root = _element(value, "response")
    if isinstance(value, dict):
        del root.attrib["type"]
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _element(value: Any, key: str | None = None) -> Element:
    if isinstance(value, dict):
        element = _named(key, "object")
        element.set("type", "hash")
        element.extend(_sorted([_element(inner, name) for name, inner in value.items()]))
    elif isinstance(value, (list, tuple)):
        element = _named(key, "objects")
        element.set("type", "list")
        element.extend(_sorted([_element(item) for item in value]))
    else:
        element = _named(key, "value")
        _write(element, value)
    return element


def _sorted(children: list[Element]) -> list[Element]:
    return sorted(children, key=lambda child: child.tag)


def _named(key: str | None, of_an_item: str) -> Element:
    if key is None:
        return Element(of_an_item)
    return Element(key) if _is_name(key) else Element("entry", {"key": _clean(key)})


@lru_cache(maxsize=1024)
def _is_name(key: str) -> bool:
    """Whether an XML parser takes it for a name (without a namespace)."""
    if len(key) > NAME_CHARS_MAX or not PLAUSIBLE.fullmatch(key):
        return False
    try:
        fromstring(f"<{key}/>")
    except ParseError:
        return False
    return True


def _write(element: Element, value: Any) -> None:
    if value is None:
        element.set("type", "null")
        return
    if isinstance(value, bool):
        element.set("type", "boolean")
    elif isinstance(value, int):
        element.set("type", "integer")
    elif isinstance(value, float):
        element.set("type", "float")
    element.text = _clean(str(value))


def _clean(text: str) -> str:
    return UNSPEAKABLE.sub("\ufffd", text)
