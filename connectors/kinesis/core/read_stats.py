"""Counts of reading a stream."""

from __future__ import annotations

import msgspec


class ReadStats(msgspec.Struct):
    """Counts since the reading began.

    One thread at a time counts; any may read.

    Attributes:
        records: Records given out, those of aggregates each.
        bytes: Bytes of data that answers carried.
        calls: Calls begun, by the name of the operation; ListShards counts once for all pages.
        failed: Calls that failed, throttled ones too.
        throttled: Calls answered with a throttle.
        expired_iterators: Calls that failed as their iterator was too old.
        trimmed: Times that records may have been trimmed before they were read.
        aggregates: Records that were opened as they held others. Counted by who opens them.
        corrupt: Records that look like an aggregate and are none. Counted by who opens them.
        out_of_range: Records in aggregates that are outside their shard's hash range. Counted by
            who opens them.
        held_bytes: Bytes of data read and not given out yet.
        lag_ms: By the name of each shard being read: age of what comes next, as far as Kinesis
            tells, growing while the shard is not read; at the tip, time since that was learnt.
    """

    records: int = 0
    bytes: int = 0
    calls: dict[str, int] = {}
    failed: int = 0
    throttled: int = 0
    expired_iterators: int = 0
    trimmed: int = 0
    aggregates: int = 0
    corrupt: int = 0
    out_of_range: int = 0
    held_bytes: int = 0
    lag_ms: dict[str, int] = {}
