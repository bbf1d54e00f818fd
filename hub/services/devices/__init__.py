"""Devices at work: read and written directly, and what polling stores of them."""
