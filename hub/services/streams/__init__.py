"""Streams: what there is, who may open it, how it is made and removed."""
