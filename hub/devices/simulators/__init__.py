"""Devices that are none: servers of each protocol, for tests and for trying things out."""

NAMESPACE = "urn:hub:simulator"
"""That of the nodes of the OPC UA simulator."""
