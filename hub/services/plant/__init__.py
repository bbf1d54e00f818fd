"""The plant: its devices, its groups, and the data streams that belong to them."""
