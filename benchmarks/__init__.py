"""Benchmarks: one file per question, the rivals apart, the results committed."""
