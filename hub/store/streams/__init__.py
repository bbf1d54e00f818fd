"""Time series: raw datapoints, levels, statistics, retention."""
