"""The schema of water-quality observations: columns, checks and what follows from a row. Pure."""
