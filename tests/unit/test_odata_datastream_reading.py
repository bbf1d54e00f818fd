"""What the DataStream API reads of texts, and the limits that it may be given."""

from __future__ import annotations

import pytest

from hub.errors import BadOData, BadParameter, SetupError
from hub.services.odata import reading
from hub.services.odata.limits import ODataLimits
from hub.services.odata.sets import FACET, OBSERVATIONS, SETS
from hub.services.odata.shapes import shape
from hub.settings import Settings


@pytest.mark.parametrize("of", SETS)
def test_no_select_is_everything(of: str) -> None:
    assert reading.names(of, "") == SETS[of].selectable


def test_a_refusal_names_its_option_each_time() -> None:
    for _ in range(2):
        with pytest.raises(BadOData) as refused:
            reading.names("Locations", "Id,Foo")
        assert refused.value.detail["parameter"] == "$select"
        with pytest.raises(BadOData) as refused:
            reading.wanted("Locations", "Foo eq 1")
        assert refused.value.detail["parameter"] == "$filter"


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_an_empty_filter_lets_everything_through(text: str) -> None:
    assert reading.wanted("Records", text) is None


@pytest.mark.parametrize(
    ("of", "text", "key"),
    [
        ("Records", "Id:0", 0),
        ("Records", f"Id:{2**53 - 1}", 2**53 - 1),
        ("Locations", "Id:17", 17),
        ("Metadata", "Id:7A8B1C00-0000-4000-8000-0123456789ab",
         "7a8b1c00-0000-4000-8000-0123456789ab"),
    ],
)  # fmt: skip
def test_a_token_is_read_as_the_sets_key(of: str, text: str, key: int | str) -> None:
    assert reading.behind(of, text) == key


@pytest.mark.parametrize("text", ["Id:", "Id:1 2", "Id:+1", f"Id:{2**53}", "Id:0x1", "Id:1_0"])
def test_what_is_no_key_is_no_token(text: str) -> None:
    with pytest.raises(BadParameter):
        reading.behind("Records", text)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("CharacteristicName eq 'pH'", True),
        ("CharacteristicName eq 'pH' and ResultValue gt 1", True),
        ("not (ActivityStartYear lt 2000) and ActivityMediaName in ('a','b')", True),
        ("CharacteristicName eq 'pH' or ResultValue gt 1", False),
        ("ResultValue gt 1", False),
        ("ResultUnit eq CharacteristicName", False),
        ("1 eq 1", False),
        ("", False),
    ],
)
def test_what_a_filter_says_of_facets_alone_is_found(text: str, known: bool) -> None:
    found = reading.of_facets(text)
    assert (found is not None) is known
    assert found is None or f"@{FACET}." in repr(found)
    assert "ResultValue" not in repr(found)


def test_a_row_has_all_names_in_order_and_no_others() -> None:
    made = shape("Observations", ("ResultValue", "DOI", "CreateTimestamp"))
    read = [{"_datasetid": "a", "_observation": {"Id": 5, "CreateTimestamp": None}}]
    assert made.key(read[0]) == 5
    (row,) = made.rows(read, {"a": "10.1/x"})
    assert list(row.items()) == [
        ("ResultValue", None),
        ("DOI", "10.1/x"),
        ("CreateTimestamp", None),
    ]


def test_the_key_is_read_whatever_is_selected() -> None:
    project = shape("Records", ("ResultValue",)).project["$project"]
    assert project == {"_id": 0, OBSERVATIONS.key: 1, "ResultValue": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RATE_PER_S", "1.9"),
        ("BURST", "2"),
        ("ORIGINS", "example.org"),
        ("ORIGINS", "https://example.org/"),
        ("ORIGINS", "https://a.org, *"),
    ],
)
def test_a_limit_that_would_break_clients_is_refused_at_the_start(name: str, text: str) -> None:
    with pytest.raises(SetupError, match=f"HUB_ODATA_{name}"):
        Settings.from_env({f"HUB_ODATA_{name}": text})


def test_origins_are_a_list() -> None:
    limits = ODataLimits(origins=" https://a.org,http://localhost:5173 ,")
    assert limits.allowed_origins == {"https://a.org", "http://localhost:5173"}
    assert ODataLimits().allowed_origins == frozenset()
