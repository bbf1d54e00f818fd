"""The stream door: time series over HTTP, read and written."""
