"""Devices that are none: servers of each protocol, for tests and for trying things out."""
