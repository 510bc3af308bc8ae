"""Decisions of the Kinesis connector, apart from any I/O.

Writing: `delivery` is the machine that puts them together. Its parts: `unsettled` (order per key),
`batching` (requests), `flight` (requests under way), `setbacks` (records that failed), `throttle`
and `shards` (slow shards), `retry` (codes, pauses, giving up), `asides` (what can never be
accepted), `freshness` (ages). `record`, `answer`, `actions` and `stats` are the values they pass
on; `limits` are AWS's numbers.

Reading: `reading` is the machine. Its parts: `discovery` (when to list shards), `slots` (which
process reads which shard), `slot_reading` (which shard waits for which), `shard_reading` (where a
shard is read on, and what was trimmed), `aggregates` (records in records). `positions` is what is
saved; `read_calls`, `source_record` and `read_stats` are the values they pass on.

Everything here is a function of its arguments: standard library and msgspec only, no clock, no
randomness of its own, no network, no files. What is done with a decision stands one folder up.
"""
