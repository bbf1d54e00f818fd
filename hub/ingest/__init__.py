"""From the bytes of a request to documents that may be stored. Pure."""
