"""CSS selectors before anything is fetched."""

from __future__ import annotations

import pytest

from hub.fetching.pages.selectors import path_of


@pytest.mark.parametrize(
    "selector", ["#price", "a[href^='x'] > b", "p:nth-child(2n), h1", ":is(a)"]
)
def test_a_good_one(selector: str) -> None:
    assert "descendant-or-self::" in path_of(selector)


@pytest.mark.parametrize(
    "selector",
    [
        *("", " ", "#", "a >", "a[", "a,,b", ":hover()", "a:nope"),
        *("p::first-line", "p::text", "(" * 256, ":not(" * 50),
    ],
)
def test_a_bad_one(selector: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        path_of(selector)
