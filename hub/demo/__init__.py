"""A demo to look at: a sensor feed, pushed as a sensor would, and how to use it."""
