"""MongoDB: the only part that knows its driver, with the wiring."""
