"""A stream: shards that take records at a limited rate, split and merge.

Sources, read in November 2026:

* Rates: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
* Sizes: https://docs.aws.amazon.com/streams/latest/dev/large-records.html
* Resharding: API_SplitShard.html, API_MergeShards.html and API_UpdateShardCount.html, beside
  CreateStream
* Retention: https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html and
  https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html

A record is trimmed at the moment it is older than the retention period. A closed shard is listed
until its last record is trimmed and the retention period has passed since it was closed; then it
is unknown. Trimmed records stay in `FakeStream.stored`, which is a log for the test.

Left out: a reshard takes no time.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field
from itertools import count

from .wire import CallRefused
from .writing import HASH_KEYS, Entry

RECORDS_PER_S = 1_000  # rates: writes of a shard
BYTES_PER_S = 1024 * 1024  # rates: 1 MiB of writes
READS_PER_S = 5  # rates: read transactions of a shard
RECORD_BYTES_MAX = 1024 * 1024  # sizes: 1 MiB unless the stream's owner raised it
RETENTION_S = 24 * 3600.0  # retention: the default, and the least that can be set
BURST_S = 1.0  # ours, as AWS gives no figure
SEQUENCE_DIGITS = 56  # as in the answers that PutRecords' page prints


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that the stream keeps; `at` is when it was accepted, in seconds."""

    partition_key: str
    data: bytes
    shard_id: str
    sequence_number: str
    at: float


class Bucket:
    """Tokens that come back with time, up to what a burst may take.

    Something larger than a full bucket is taken when it is full, and paid back afterwards: a shard
    is said to burst for a large record, then to go on at its rate.
    """

    def __init__(self, rate_per_s: float, now: float) -> None:
        self.rate_per_s = rate_per_s
        self._tokens = rate_per_s * BURST_S
        self._at = now

    def has(self, cost: float, now: float) -> bool:
        """Whether that much can be taken now."""
        full = self.rate_per_s * BURST_S
        self._tokens = min(full, self._tokens + max(0.0, now - self._at) * self.rate_per_s)
        self._at = max(self._at, now)
        return self._tokens >= min(cost, full) and self.rate_per_s > 0

    def take(self, cost: float) -> None:
        """Take it, after `has` allowed it."""
        self._tokens -= cost


@dataclass(slots=True)
class Shard:
    """A range of hash keys, with its records in order; `ended` is set when it is closed.

    Args:
        started: The sequence number it begins with.
        ended: The one it ends with.
        closed_at: When it was closed, in seconds.
    """

    id: str
    first: int
    last: int
    parents: tuple[str, ...]
    started: str
    records_left: Bucket
    bytes_left: Bucket
    reads_left: Bucket
    ended: str | None = None
    closed_at: float = math.inf
    stored: list[Stored] = field(default_factory=list)

    def horizon(self, oldest: float) -> int:
        """The place of the first record that was accepted at this time or later."""
        return bisect.bisect_left(self.stored, oldest, key=lambda kept: kept.at)

    def is_known(self, oldest: float) -> bool:
        """Whether it is open or was closed at this time or later; its records are not younger."""
        return self.closed_at >= oldest


class FakeStream:
    """One stream; a test may set its public attributes at any time.

    Args:
        name: Its name.
        shards: How many shards share the hash keys, evenly.
        now: When it is made, in seconds.
    """

    def __init__(self, name: str, shards: int, now: float) -> None:
        self.name = name
        self.created = now
        self.status = "ACTIVE"
        self.mode = "PROVISIONED"
        self.ignores_keys = False  # RecordDistributionStrategy AUTO
        self.limits_rate = True
        self.record_bytes_max = RECORD_BYTES_MAX
        self.retention_s = RETENTION_S
        self.shards: list[Shard] = []
        self.open_shards: list[Shard] = []  # in the order of their hash keys
        self.stored: list[Stored] = []
        self._numbers = count(1)
        for place in range(shards):
            first = place * HASH_KEYS // shards
            self._open(first, (place + 1) * HASH_KEYS // shards - 1, now)

    def shard(self, shard_id: str) -> Shard:
        """A shard by its id, open or closed.

        Raises:
            CallRefused: ResourceNotFoundException.
        """
        for shard in self.shards:
            if shard.id == shard_id:
                return shard
        raise CallRefused("ResourceNotFoundException", f"no shard {shard_id} in {self.name}")

    def known_shards(self, now: float) -> list[Shard]:
        """All shards but those that are closed for longer than anything is kept."""
        return [shard for shard in self.shards if shard.is_known(now - self.retention_s)]

    def set_rate(self, shard_id: str, share: float) -> None:
        """Give a shard this share of its write rate: 0.1 makes it ten times slower."""
        shard = self.shard(shard_id)
        shard.records_left.rate_per_s = RECORDS_PER_S * share
        shard.bytes_left.rate_per_s = BYTES_PER_S * share

    def route(self, entry: Entry) -> Shard:
        """The shard that an entry belongs to."""
        shards = self.open_shards
        if self.ignores_keys:
            return shards[len(self.stored) % len(shards)]
        return shards[bisect.bisect(shards, entry.hash_key, key=lambda shard: shard.first) - 1]

    def accept(self, entry: Entry, now: float) -> Stored | Shard:
        """Store an entry, or give the shard that is too busy for it."""
        shard = self.route(entry)
        if self.limits_rate:
            if not (shard.records_left.has(1, now) and shard.bytes_left.has(entry.size, now)):
                return shard
            shard.records_left.take(1)
            shard.bytes_left.take(entry.size)
        stored = Stored(entry.partition_key, entry.data, shard.id, self._number(), round(now, 3))
        shard.stored.append(stored)
        self.stored.append(stored)
        return stored

    def split(self, shard_id: str, middle: int, now: float) -> None:
        """Close a shard and open two; the second begins at `middle`.

        Raises:
            CallRefused: InvalidArgumentException if `middle` leaves one of them empty.
        """
        parent = self._to_close(shard_id)
        if not parent.first < middle <= parent.last:
            raise CallRefused("InvalidArgumentException", f"{middle} does not split {shard_id}")
        self._close(parent, now)
        self._open(parent.first, middle - 1, now, parent)
        self._open(middle, parent.last, now, parent)

    def merge(self, shard_id: str, adjacent_id: str, now: float) -> None:
        """Close two neighbours and open one for both.

        Raises:
            CallRefused: InvalidArgumentException if they are no neighbours.
        """
        one, other = self._to_close(shard_id), self._to_close(adjacent_id)
        low, high = sorted((one, other), key=lambda shard: shard.first)
        if low.last + 1 != high.first:
            raise CallRefused(
                "InvalidArgumentException", f"{shard_id}, {adjacent_id}: not adjacent"
            )
        self._close(low, now)
        self._close(high, now)
        self._open(low.first, high.last, now, one, other)

    def update_shard_count(self, target: int, now: float) -> None:
        """Split each open shard in halves, or merge each with its neighbour.

        The service takes other targets too; the fake does not.

        Raises:
            CallRefused: InvalidArgumentException if the target is not twice or half of the shards.
        """
        shards = list(self.open_shards)
        if target == 2 * len(shards):
            for shard in shards:
                self.split(shard.id, (shard.first + shard.last) // 2 + 1, now)
        elif 2 * target == len(shards):
            for low, high in zip(shards[::2], shards[1::2], strict=True):
                self.merge(low.id, high.id, now)
        else:
            raise CallRefused(
                "InvalidArgumentException", f"{target} is not twice or half of {len(shards)}"
            )

    def _close(self, shard: Shard, now: float) -> None:
        shard.ended, shard.closed_at = self._number(), now

    def _open(self, first: int, last: int, now: float, *parents: Shard) -> None:
        shard = Shard(
            id=f"shardId-{len(self.shards):012d}",
            first=first,
            last=last,
            parents=tuple(parent.id for parent in parents),
            started=self._number(),
            records_left=Bucket(RECORDS_PER_S, now),
            bytes_left=Bucket(BYTES_PER_S, now),
            reads_left=Bucket(READS_PER_S, now),
        )
        self.shards.append(shard)
        still_open = [shard for shard in self.shards if shard.ended is None]
        self.open_shards = sorted(still_open, key=lambda shard: shard.first)

    def _to_close(self, shard_id: str) -> Shard:
        shard = self.shard(shard_id)
        if shard.ended is not None:
            raise CallRefused("InvalidArgumentException", f"{shard_id} is closed")
        return shard

    def _number(self) -> str:
        """The next sequence number: unique in the stream, and greater than all before."""
        return str(495 * 10 ** (SEQUENCE_DIGITS - 3) + next(self._numbers))
