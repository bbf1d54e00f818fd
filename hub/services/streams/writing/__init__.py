"""Datapoints coming in: checked, and each given its place."""
