"""Benchmarks: every figure beside its limit or a peer measured in the same run."""
