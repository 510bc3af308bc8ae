"""Counts of a sink, and what it holds at a moment."""

from __future__ import annotations

import msgspec

from .freshness import Freshness

SHARDS_KEPT = 10_000
"""Most shards counted by name, as each reshard brings new ones; later ones count as unknown."""


class ShardStats(msgspec.Struct):
    """Counts of one shard.

    Attributes:
        retried: Records that had to be offered again.
        throttled: Entries answered with a throttle.
    """

    retried: int = 0
    throttled: int = 0


class DeliveryStats(msgspec.Struct):
    """Counts since the sink was made, each a number of records unless it says otherwise.

    One thread at a time counts; any may read.

    Attributes:
        offered: Handed to the sink.
        acknowledged: Kinesis returned a sequence number.
        dead_lettered: Can never be accepted; kept as a dead letter, or what ended the job.
        superseded: Replaced by a newer one of its key before it was sent.
        requests: PutRecords calls made, whatever came of them.
        by_shard: By the name of the shard; "" for whole requests, and where the shard is unknown.
        freshness: Ages of what was acknowledged.
    """

    offered: int = 0
    acknowledged: int = 0
    dead_lettered: int = 0
    superseded: int = 0
    requests: int = 0
    by_shard: dict[str, ShardStats] = {}
    freshness: Freshness = msgspec.field(default_factory=Freshness)

    def failed(self, shard: str | None, records: int = 1, *, throttled: bool = False) -> None:
        """Count records that have to be offered again.

        Args:
            shard: Its name, as far as that is known.
            records: How many.
            throttled: Whether each was answered with a throttle.
        """
        name = shard or ""
        if name not in self.by_shard and len(self.by_shard) >= SHARDS_KEPT:
            name = ""
        counts = self.by_shard.setdefault(name, ShardStats())
        counts.retried += records
        counts.throttled += records * throttled

    @property
    def retried(self) -> int:
        """Had to be offered again; a record counts as often as that happened."""
        return sum(counts.retried for counts in tuple(self.by_shard.values()))

    @property
    def throttled(self) -> int:
        """Entries answered with a throttle."""
        return sum(counts.throttled for counts in tuple(self.by_shard.values()))

    @property
    def unsettled(self) -> int:
        """Records offered whose fate is open: 0 whenever everything was flushed."""
        return self.offered - self.acknowledged - self.dead_lettered - self.superseded


class Levels(msgspec.Struct, frozen=True):
    """What a sink answers for at one moment.

    Attributes:
        in_flight: Requests under way.
        waiting: Records that are in none of them.
        bytes: Size of the data of all records, under way or not.
        queued_keys: Partition keys with a record that waits for an earlier one of its key.
        deepest_queue: Most records that wait behind one of their key.
    """

    in_flight: int = 0
    waiting: int = 0
    bytes: int = 0
    queued_keys: int = 0
    deepest_queue: int = 0
