"""CSS selectors, checked before anything is fetched, as paths that the parser walks."""

from __future__ import annotations

from typing import Literal

from cssselect import GenericTranslator, HTMLTranslator, SelectorError, parse

TRANSLATORS = {"html": HTMLTranslator(), "xml": GenericTranslator()}

SHOWN_CHARS_MAX = 200


def path_of(selector: str, kind: Literal["html", "xml"] = "html") -> str:
    """The XPath of a selector; a comma stands between several.

    Raises:
        ValueError: it is malformed, or of a kind that means nothing in a page that stands still.
    """
    try:
        parts = parse(selector)
        paths = [TRANSLATORS[kind].selector_to_xpath(part) for part in parts]
    except (SelectorError, RecursionError) as exc:
        raise ValueError(f"Is no selector: {str(exc)[:SHOWN_CHARS_MAX]}.") from exc
    if any(part.pseudo_element for part in parts):
        raise ValueError("Has a pseudo-element, which is no element.")
    return " | ".join(paths)
