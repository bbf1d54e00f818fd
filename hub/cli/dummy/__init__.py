"""Streams that are made up: what they hold, over which time, and the filling of them."""
