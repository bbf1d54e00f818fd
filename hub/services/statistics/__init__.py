"""Statistics of streams: kept by the worker, posted, read, and bucketed on the fly."""
