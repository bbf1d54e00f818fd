"""A data hub for sensors, instruments and field measurements, on MongoDB."""

VERSION = "0.1.0"
"""That of pyproject.toml."""
