"""The observations of the demo: filled once, published, and a key to read them over OData."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

import click

from hub.cli.sample.entries import entry
from hub.cli.sample.making import begun, fill, with_regions
from hub.errors import HubError
from hub.services import Services, scopes
from hub.values import Reach

DATASETS = 5
ROWS = 4_000
"""In each dataset."""
SEED = 1
READER = "demo reader of observations"

LINES = """
{rows} made-up observations of water are published, in {datasets} datasets.
  OData  {root}/v1/odata/v4/   as DataStream's API
         {root}/odata/v4/      as OData 4.01, for spreadsheets
  key    {key}

Ask for pH in the Atlantic region:
  curl -sS -G -H 'x-api-key: {key}' --data-urlencode "\\$select=LocationId,ActivityStartDate,ResultValue" --data-urlencode "\\$filter=CharacteristicName eq 'pH' and RegionId eq 'hub.atlantic'" --data-urlencode "\\$top=3" '{root}/v1/odata/v4/Observations'
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to read, and the secret of the key that reads it."""

    rows: int
    key: str

    def text(self, root: str) -> str:
        """How to use it; ``root`` is the hub's address."""
        return LINES.format(rows=self.rows, datasets=DATASETS, root=root, key=self.key)


def observations(services: Services, stopping: Event) -> Shown | None:
    """Fill what is missing, and give a fresh key in place of the last one's.

    None where it cannot be, which is told, and where the hub is stopped meanwhile.
    """
    try:
        return _shown(services, stopping)
    except HubError as exc:
        click.echo(f"The observations of the demo are not all there: {exc.message}", err=True)
        return None


def _shown(services: Services, stopping: Event) -> Shown | None:
    with_regions(services)
    rows = 0
    for number in range(DATASETS):
        filled = begun(services, entry(SEED, number), SEED, ROWS)
        for _ in fill(filled, SEED):
            if stopping.is_set():
                return None
        if filled.taking.at.row > filled.held:
            services.catalogue.publish(filled.dataset.uuid)
        rows += filled.taking.at.row
    return Shown(rows, _key(services))


def _key(services: Services) -> str:
    for key in services.keys.all():
        if key.label == READER and key.revoked is None:
            services.keys.revoke(key.id)
    reach = Reach(devices=frozenset(), streams=frozenset())
    return services.keys.create(READER, (scopes.ODATA_READ,), reach=reach).secret
