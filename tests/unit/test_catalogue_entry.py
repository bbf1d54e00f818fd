"""The fields of the catalogue, and what each one takes."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Invalid
from hub.services.observing.entry import FIELDS, SEVERAL, checked

GOOD: list[tuple[str, Any]] = [
    ("DOI", "10.25976/abcd-ef01"),
    ("DOI", "10.81029/zzzz-zz99"),
    ("DOI", "10.1000/182"),
    ("Version", "1.0.0"),
    ("Version", "0.12.345"),
    ("DatasetName", "Bow River"),
    ("DataStewardEmail", "steward@water.example.ca"),
    ("ProgressCode", "onGoing"),
    ("MaintenanceFrequencyCode", "asNeeded"),
    ("Licence", "https://opendatacommons.org/licenses/by/1-0/"),
    ("DataSourceURL", "http://water.example.ca/data?x=1"),
    ("TopicCategoryCode", ["inlandWaters", "oceans"]),
    ("Keywords", ["river", "été", "水"]),
    ("Abstract", "Two\nlines."),
    ("Abstract", None),
    ("Keywords", None),
]
BAD: list[tuple[str, Any]] = [
    ("DOI", "https://doi.org/10.25976/abcd-ef01"),
    ("DOI", "10.25976"),
    ("DOI", "10.25976/a b"),
    ("DOI", "10.25976/" + "a" * 500),
    ("DOI", 10.25),
    ("Version", "1.0"),
    ("Version", "1.0.0.0"),
    ("Version", "v1.0.0"),
    ("Version", "01.0.0"),
    ("Version", "1.0.٣"),
    ("Version", 1),
    ("DatasetName", ""),
    ("DatasetName", "   "),
    ("DatasetName", None),
    ("DatasetName", "x" * 201),
    ("DataStewardEmail", "steward"),
    ("DataStewardEmail", "a b@example.ca"),
    ("DataStewardEmail", "a@b@example.ca"),
    ("DataStewardEmail", "\ud800@example.ca"),
    ("ProgressCode", "ongoing"),
    ("ProgressCode", ["onGoing"]),
    ("MaintenanceFrequencyCode", "sometimes"),
    ("Licence", "ODC-By 1.0"),
    ("Licence", "javascript:alert(1)"),
    ("Licence", "https://"),
    ("Licence", "https://[half"),
    ("Licence", "https://example.ca/\n"),
    ("DataSourceURL", "ftp://example.ca"),
    ("TopicCategoryCode", "inlandWaters"),
    ("TopicCategoryCode", ["water"]),
    ("TopicCategoryCode", [["inlandWaters"]]),
    ("Keywords", []),
    ("Keywords", [""]),
    ("Keywords", [1]),
    ("Keywords", ["x"] * 101),
    ("Keywords", {"a": 1}),
    ("Abstract", ""),
    ("Abstract", "nul\0"),
    ("Abstract", "half \ud800"),
    ("Abstract", "x" * 20_001),
    ("Abstract", {"en": "x"}),
    ("CreateTimestamp", "2020-01-01"),
    ("PublishedTimestamp", None),
    ("Id", "x"),
    ("doi", "10.25976/abcd-ef01"),
    ("DOI.x", "10.25976/abcd-ef01"),
    ("$where", "1"),
    ("\ud800", "x"),
]


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_a_good_value_is_kept_as_it_is(field: str, value: Any) -> None:
    assert checked({field: value}) == {field: value}


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda value: ascii(value)[:40])
def test_a_bad_value_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        checked({"Abstract": "fine", field: value})
    assert ascii(field)[1:-1].split("\\")[0] in refused.value.message or field == "DatasetName"
    refused.value.message.encode()


def test_a_doi_is_kept_in_lower_case_for_its_case_means_nothing() -> None:
    assert checked({"DOI": " 10.25976/ABCD-EF01 "}) == {"DOI": "10.25976/abcd-ef01"}


def test_words_stand_once() -> None:
    assert checked({"Keywords": ["a", "b", "a"]}) == {"Keywords": ["a", "b"]}


def test_the_fields_are_those_of_the_interface() -> None:
    assert list(FIELDS) == [
        "DOI", "Version", "DatasetName", "DataStewardEmail", "DataCollectionOrganization",
        "DataUploadOrganization", "ProgressCode", "MaintenanceFrequencyCode", "Abstract",
        "DataCollectionInformation", "DataProcessing", "FundingSources", "DataSourceURL",
        "OtherDataSources", "Citation", "Licence", "Disclaimer", "TopicCategoryCode", "Keywords",
    ]  # fmt: skip
    assert FIELDS.keys() >= SEVERAL
