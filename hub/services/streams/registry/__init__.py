"""Which streams there are: made, found by their tags, opened by keys, closed."""
