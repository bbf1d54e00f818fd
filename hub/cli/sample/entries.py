"""What is told of a made-up dataset in the catalogue, by the names of the ``Metadata`` set."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase

from hub.cli.sample.rows import FIRST_DAY, YEARS
from hub.cli.sample.tables import Theme, themes
from hub.values import Document

SEED_MAX = 26**4 - 1
DATASETS_MAX = 100
LICENCE = "https://opendatacommons.org/licenses/by/1-0/"
MADE_UP = "Made up, to try the hub with. No water was sampled, and the places do not exist."


@dataclass(frozen=True, slots=True)
class Entry:
    """A dataset of the sample. ``catalogue`` holds its name and DOI too."""

    number: int
    theme: Theme
    name: str
    doi: str
    catalogue: Document


def entry(seed: int, number: int) -> Entry:
    """The dataset of a number, 0 to ``DATASETS_MAX`` - 1, for a seed of 0 to ``SEED_MAX``."""
    theme = themes()[number % len(themes())]
    round_ = number // len(themes())
    name = theme.name if not round_ else f"{theme.name}, part {round_ + 1}"
    doi = f"10.25976/{_letters(seed)}-ob{number:02}"
    return Entry(number, theme, name, doi, _catalogue(theme, name, doi))


def _catalogue(theme: Theme, name: str, doi: str) -> Document:
    last = FIRST_DAY.year + YEARS - 1
    return {
        "DOI": doi,
        "Version": "1.0.0",
        "DatasetName": name,
        "DataStewardEmail": "steward@example.org",
        "DataCollectionOrganization": theme.organization,
        "DataUploadOrganization": theme.organization,
        "ProgressCode": "onGoing",
        "MaintenanceFrequencyCode": "asNeeded",
        "Abstract": f"{MADE_UP} Field readings, logged series and laboratory results of "
        f"{FIRST_DAY.year} to {last}.",
        "DataCollectionInformation": "A generator drew places, days and values from a seed.",
        "DataProcessing": "Results below the limit of their method are reported as such.",
        "FundingSources": theme.funding,
        "DataSourceURL": "https://example.org/observations",
        "OtherDataSources": "None",
        "Citation": f"{theme.organization}. {last}. {name} (version 1.0.0) [dataset]. "
        f"https://doi.org/{doi}",
        "Licence": LICENCE,
        "Disclaimer": MADE_UP,
        "TopicCategoryCode": ["inlandWaters", "environment"],
        "Keywords": ["water quality", "example", theme.hub.removeprefix("hub.")],
    }


def _letters(seed: int) -> str:
    """Four letters for a seed, another four for each."""
    found = ""
    for _ in range(4):
        seed, digit = divmod(seed, 26)
        found = ascii_lowercase[digit] + found
    return found
