"""Streams: made and found (registry), written, read, and kept up to date (upkeep)."""
