"""Datasets, and the documents that sensors send."""
