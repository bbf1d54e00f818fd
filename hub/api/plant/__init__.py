"""The plant API: devices, groups, data streams over HTTP, in JSON."""
