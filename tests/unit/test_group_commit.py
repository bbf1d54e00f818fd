"""Group commit: company without waiting, and each request its own answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.errors import BadDocument, Unavailable
from hub.store.datasets.group_commit import GroupCommit


class Gate:
    """A write that can be held open, and remembers what it was given."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.batches: list[list[object]] = []

    def __call__(self, documents: Sequence[object]) -> dict[int, Exception]:
        self.batches.append(list(documents))
        self.entered.set()
        assert self.open.wait(10)
        if "lost" in documents:
            raise Unavailable("gone")
        if "poison" in documents:
            raise TypeError("cannot be encoded")
        return {i: BadDocument("bad") for i, d in enumerate(documents) if d == "bad"}


def outcomes(commit: GroupCommit, documents: list[str]) -> dict[str, type[BaseException] | None]:
    def put(document: str) -> type[BaseException] | None:
        try:
            commit.put(document)
        except Exception as exc:
            return type(exc)
        return None

    with ThreadPoolExecutor(len(documents)) as pool:
        return dict(zip(documents, pool.map(put, documents), strict=True))


def held_together(documents: list[str]) -> tuple[Gate, dict[str, type[BaseException] | None]]:
    """Put documents while an earlier write is under way, so that they share the next one."""
    gate = Gate()
    commit = GroupCommit(gate)
    gate.open.clear()
    first = threading.Thread(target=commit.put, args=("first",))
    first.start()
    assert gate.entered.wait(10)
    opener = threading.Timer(0.2, gate.open.set)
    opener.start()
    found = outcomes(commit, documents)
    first.join()
    return gate, found


def test_those_that_wait_share_one_write() -> None:
    gate, found = held_together(["a", "b", "c"])
    assert [sorted(batch) for batch in gate.batches] == [["first"], ["a", "b", "c"]]
    assert found == {"a": None, "b": None, "c": None}


def test_a_failure_belongs_to_its_own_document() -> None:
    _, found = held_together(["a", "bad", "c"])
    assert found == {"a": None, "bad": BadDocument, "c": None}


def test_a_lost_connection_is_told_to_all_who_shared_the_write() -> None:
    _, found = held_together(["a", "lost"])
    assert found == {"a": Unavailable, "lost": Unavailable}


def test_a_document_that_cannot_be_encoded_fails_alone() -> None:
    _, found = held_together(["a", "poison", "c"])
    assert found == {"a": None, "poison": TypeError, "c": None}


def test_nobody_waits_for_ever() -> None:
    gate = Gate()
    gate.open.clear()
    commit = GroupCommit(gate, patience_s=0.05)
    with pytest.raises(Unavailable):
        commit.put("a")
    gate.open.set()


def test_a_write_is_bounded() -> None:
    gate = Gate()
    commit = GroupCommit(gate, size_max=2)
    outcomes(commit, [str(n) for n in range(9)])
    assert max(len(batch) for batch in gate.batches) <= 2
