"""How the rows of a page are divided among batches."""

from __future__ import annotations

import pytest

from hub.services.odata.strict.reading import even


@pytest.mark.parametrize("most", [500, 2_500])
@pytest.mark.parametrize("rows", [1, 2, 3, 499, 500, 501, 2_499, 2_500, 2_501, 10_000, 10_001])
def test_there_are_no_more_batches_than_needed_and_the_last_is_not_full(
    rows: int, most: int
) -> None:
    each = even(rows, most)
    assert each <= most + 1
    assert -(-rows // each) <= -(-rows // most)
    assert rows % each
