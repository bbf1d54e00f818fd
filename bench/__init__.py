"""Benchmarks: the hub beside a floor, in ratios from one run (docs/benchmarks.md)."""
