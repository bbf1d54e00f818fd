"""Work that runs by the clock, in the worker process."""
