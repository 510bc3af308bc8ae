"""Decisions of the Kinesis connector, apart from any I/O.

Everything here is a function of its arguments: standard library and msgspec only, no clock, no
randomness of its own, no network, no files. What is done with a decision stands one folder up.
"""
