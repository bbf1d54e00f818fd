"""Terminals: grants for them, and the way from a browser to a host's agent."""
