"""The audit, read by kinds of entries."""

from __future__ import annotations

import pytest

from hub.services import Services
from hub.store.access.audit import Audit


@pytest.fixture(scope="module")
def audit(services: Services) -> Audit:
    notes = services.audit
    for action in ("kind.one", "kind.two", "kinder", "kind", "k.nd.one", "kind.one.more"):
        notes.note(action)
    return notes


@pytest.mark.parametrize(
    ("action", "found"),
    [
        ("kind", {"kind.one.more", "kind", "kind.two", "kind.one"}),
        ("kind.one", {"kind.one.more", "kind.one"}),
        ("kind.", set()),
        ("k.nd", {"k.nd.one"}),
        ("", set()),
        ("no such", set()),
    ],
)
def test_entries_of_a_kind(audit: Audit, action: str, found: set[str]) -> None:
    assert {entry["action"] for entry in audit.latest(100, action)} == found
