"""Polling: the devices of the plant read on their own grids, by one worker each."""
