"""The program that parses one page, run by its path in a process with nothing to lose.

It imports nothing of the hub and gets no environment. Its input is a line of JSON (``kind``,
``charset``, ``xpath``, ``attr``, ``matches_max``, ``chars_max``, ``cpu_s``, ``memory_bytes``), then
the page. Its output is JSON: ``title``, ``values``, ``more``. A page that cannot be parsed ends it
with status 1.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import resource
import sys
from typing import Any, BinaryIO

from lxml import etree  # type: ignore[import-untyped]

SILENT = frozenset({"script", "style", "template", "noscript"})
"""Elements whose text nobody sees."""
INLINE = re.compile(
    "a|abbr|b|bdi|bdo|cite|code|data|del|dfn|em|font|i|ins|kbd|label|mark|q|s|samp|small|span"
    "|strong|sub|sup|time|u|var|wbr"
)
"""Elements that do not part words."""
TITLE = "string(/html/head/title | /rss/channel/title | /feed/title)"
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAME = {"iso-8859-1": "cp1252", "euc-kr": "cp949", "shift_jis": "cp932", "gb2312": "gb18030"}
"""What servers call a character set, and the larger one that browsers read."""


def bounded(cpu_s: int, memory_bytes: int) -> None:
    """Take what is not needed; not every system takes all of it."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


def charset_of(page: bytes, stated: str | None) -> str | None:
    """How a page is encoded; None where it must say so itself."""
    for mark, name in MARKS:
        if page.startswith(mark):
            return name
    with contextlib.suppress(LookupError):
        if stated:
            name = codecs.lookup(stated).name
            return SAME.get(
                name.replace("iso8859-1", "iso-8859-1").replace("euc_kr", "euc-kr"), name
            )
    with contextlib.suppress(UnicodeDecodeError):
        page.decode("utf-8")
        return "utf-8"
    return None


def tree_of(page: bytes, kind: str, charset: str | None) -> Any:
    """The root element. Nothing is loaded from elsewhere, and no entity is expanded."""
    if charset is not None:
        page = page.decode(charset, "replace").replace("\0", "\ufffd").lstrip("\ufeff").encode()
    encoding = None if charset is None else "utf-8"
    if kind == "html":
        parser = etree.HTMLParser(encoding=encoding, no_network=True, remove_comments=True)
    else:
        parser = etree.XMLParser(
            encoding=encoding,
            no_network=True,
            resolve_entities=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            recover=True,
        )
    root = etree.fromstring(page, parser)
    if root is None:
        raise ValueError("no element")
    if kind == "xml":
        without_namespaces(root)
    return root


def without_namespaces(root: Any) -> None:
    """Leave the local names of elements and attributes: what a selector names."""
    for element in root.iter(etree.Element):
        if "}" in element.tag:
            element.tag = etree.QName(element).localname
        for name, value in element.attrib.items():
            local = etree.QName(name).localname
            if local not in element.attrib:
                element.set(local, value)


def text_of(element: Any, most: int) -> str:
    """The text of an element that is seen, spaces collapsed; of a script the script."""
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, each in walk:
        inner = each is not element
        if event == "start":
            if inner and each.tag in SILENT:
                walk.skip_subtree()
            else:
                parts.append(each.text or "")
        elif inner:
            parts.append(each.tail or "")
        if not INLINE.fullmatch(str(each.tag)):
            parts.append(" ")
    return " ".join("".join(parts).split())[:most]


def answer(wish: dict[str, Any], page: bytes) -> dict[str, Any]:
    root = tree_of(page, wish["kind"], charset_of(page, wish["charset"]))
    most = wish["chars_max"]
    title = " ".join(root.xpath(TITLE).split())[:most] or None
    if wish["xpath"] is None:
        body = root.find("body") if wish["kind"] == "html" else None
        found = [text_of(root if body is None else body, most)]
        return {"title": title, "values": found, "more": False}
    elements = root.xpath(wish["xpath"])
    if wish["attr"] is not None:
        elements = [each for each in elements if each.get(wish["attr"]) is not None]
    chosen = elements[: wish["matches_max"]]
    if wish["attr"] is not None:
        values = [each.get(wish["attr"])[:most] for each in chosen]
    else:
        values = [text_of(each, most) for each in chosen]
    return {"title": title, "values": values, "more": len(elements) > len(chosen)}


def main(given: BinaryIO) -> int:
    wish = json.loads(given.readline())
    bounded(wish["cpu_s"], wish["memory_bytes"])
    try:
        found = answer(wish, given.read())
    except (etree.LxmlError, ValueError, MemoryError, RecursionError):
        return 1
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer))
