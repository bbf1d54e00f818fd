"""Records of data streams, their values and their statistics, as somebody with a key sees them."""
