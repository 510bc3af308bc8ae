"""Kinesis without AWS, for trying things out and for tests.

* `emulator`: moto in a process of its own; `readback` reads a stream of it.
* `fake`: a strict stream in memory; `faulty` puts the `faults` on top, `server` serves it by HTTP.
* `contract`: what any Kinesis sink for Bytewax must do, tried over that server.

Nothing is imported here, so that `python -m` finds `testing.emulator` untouched.
"""
