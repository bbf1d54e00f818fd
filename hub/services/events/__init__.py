"""Event logs, and what is read from the addresses that stand in them."""
