"""What belongs to datasets of observations: places, facets, regions, imports."""
