"""Kinesis without AWS, for trying things out and for tests; see `testing.emulator`.

Nothing is imported here, so that `python -m` finds `testing.emulator` untouched.
"""
