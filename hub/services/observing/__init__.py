"""Observations: rows of the DataStream schema, where they were made, and their catalogue."""
