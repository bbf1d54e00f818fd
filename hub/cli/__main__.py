"""``python -m hub.cli``, which ``scripts/hub`` runs."""

from __future__ import annotations

from hub.cli.root import hub

if __name__ == "__main__":
    hub(prog_name="hub")
