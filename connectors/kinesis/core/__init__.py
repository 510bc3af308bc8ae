"""Decisions of the Kinesis connector, apart from any I/O.

`delivery` is the machine that puts them together. Its parts: `unsettled` (order per key),
`batching` (requests), `flight` (requests under way), `setbacks` (records that failed), `throttle`
and `shards` (slow shards), `retry` (codes, pauses, giving up), `asides` (what can never be
accepted), `freshness` (ages). `record`, `answer`, `actions` and `stats` are the values they pass
on; `limits` are AWS's numbers.

Everything here is a function of its arguments: standard library and msgspec only, no clock, no
randomness of its own, no network, no files. What is done with a decision stands one folder up.
"""
