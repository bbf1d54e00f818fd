"""Ranges read at a granularity, at a cost that follows the page."""
