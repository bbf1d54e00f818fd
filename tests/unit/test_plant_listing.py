"""Lists of the plant API: links to the next page, long arrays that never end short in silence."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from flask import Flask, request

from hub.api.plant.listing import check_ids, page, streamed
from hub.errors import NotFound, Unavailable
from hub.services.rows import Rows
from hub.values import Batch

APP = Flask("lists")


class Source:
    """Batches of a row each, given out one by one; the ``fails``-th is a failure."""

    def __init__(self, count: int, fails: int | None = None) -> None:
        self.count, self.fails = count, fails
        self.given = self.released = 0

    def rows(self) -> Rows:
        return Rows(self._batches, self._release)

    def _batches(self) -> Iterator[Batch]:
        for number in range(self.count):
            if number == self.fails:
                raise Unavailable("gone")
            self.given += 1
            yield Batch([{"id": number}])

    def _release(self) -> None:
        self.released += 1


def test_the_link_keeps_what_was_asked():
    with APP.test_request_context("/api/data/?limit=2&device=5&after=1"):
        link = page(request, [{"id": 6}, {"id": 9}], more=True).headers["Link"]
    assert link == '</api/data/?limit=2&device=5&after=9>; rel="next"'


def test_the_last_page_has_no_link():
    with APP.test_request_context("/api/data/"):
        assert "Link" not in page(request, [], more=False).headers


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_long_array_is_one_json_text(count: int):
    source = Source(count)
    with APP.test_request_context("/api/value/?from=0"):
        answer = streamed(request, source.rows())
        assert answer.content_type == "application/json"
        assert orjson.loads(answer.get_data()) == [{"id": number} for number in range(count)]
        answer.close()
    assert source.released >= 1


def test_a_long_array_is_read_as_it_is_sent():
    source = Source(1_000)
    with APP.test_request_context("/api/value/?from=0"):
        chunks = iter(streamed(request, source.rows()).response)
        for _ in range(3):
            next(chunks)
    assert source.given <= 4


def test_a_failure_before_the_first_row_is_raised():
    with APP.test_request_context("/api/value/"), pytest.raises(Unavailable):
        streamed(request, Source(3, fails=0).rows())


def test_a_failure_on_the_way_breaks_the_array_off():
    source = Source(3, fails=2)
    sent: list[bytes] = []
    with APP.test_request_context("/api/value/?from=0"):
        chunks = iter(streamed(request, source.rows()).response)
        with pytest.raises(Unavailable):
            sent.extend(chunks)
    assert b"".join(sent) == b'[{"id":0},{"id":1}'
    assert source.released >= 1


def test_an_id_beyond_64_bits_is_not_there():
    check_ids("x", {"data": 2**63 - 1})
    with pytest.raises(NotFound):
        check_ids("x", {"data": 2**63})
