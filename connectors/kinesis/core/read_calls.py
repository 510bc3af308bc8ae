"""Calls that reading a stream consists of, their answers, and what is to be told: plain values.

Times are seconds since 1970 UTC.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .shards import Shard
from .source_record import KinesisSourceRecord


class ListShards(msgspec.Struct, frozen=True):
    """List all shards of the stream, closed ones too: all pages of ListShards, without a filter."""


class GetShardIterator(msgspec.Struct, frozen=True):
    """Get a place to read a shard from.

    Attributes:
        shard: Which one.
        type: ShardIteratorType.
        sequence_number: StartingSequenceNumber of AT_SEQUENCE_NUMBER, else None.
        timestamp: Timestamp of AT_TIMESTAMP, else None.
    """

    shard: Shard
    type: Literal["TRIM_HORIZON", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER"]
    sequence_number: str | None = None
    timestamp: float | None = None


class GetRecords(msgspec.Struct, frozen=True):
    """Read what comes next in a shard, as much as one call gives.

    Attributes:
        shard: Which one; its hash range is there for opening aggregates.
        iterator: The place to read from.
    """

    shard: Shard
    iterator: str


Call = ListShards | GetShardIterator | GetRecords


class ReadAnswer(msgspec.Struct, frozen=True):
    """What GetRecords answered.

    Attributes:
        records: In order, aggregates opened.
        next_iterator: The place after them; None at the end of a closed shard.
        behind_ms: MillisBehindLatest: how far that place is behind the tip of the stream.
        size: Bytes of data that the answer carried, which count towards what a shard gives.
    """

    records: list[KinesisSourceRecord]
    next_iterator: str | None
    behind_ms: int
    size: int


class Trimmed(msgspec.Struct, frozen=True):
    """Records may have been trimmed from a shard before they were read: a gap in what was read.

    Attributes:
        shard_id: Name of the shard.
        after: Sequence number of the last record that was given out before the gap; None if there
            was none.
        since: Everything that arrived before this time had been given out; None if that is not
            known.
        gone: Whether the whole rest of the shard is lost, as it is no longer listed.
    """

    shard_id: str
    after: str | None
    since: float | None
    gone: bool
