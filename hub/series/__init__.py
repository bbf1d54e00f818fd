"""Time series as arithmetic: levels, buckets, parts that merge, shapes. Touches nothing."""
