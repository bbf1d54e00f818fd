"""What the worker does for streams: downsampling, deriving, feeding, purging."""
