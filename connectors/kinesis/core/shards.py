"""Which shard a record goes to: hash ranges as ListShards gives them.

A partition key is mapped to a 128-bit number by MD5, and each open shard owns a range of them
(https://docs.aws.amazon.com/streams/latest/dev/key-concepts.html, "Partition Key"). A split or a
merge closes shards and opens others, so a map is only as good as the listing it was made from.
Nothing here needs the map to be right: it says which shard to slow down, never where to send.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from hashlib import md5

import msgspec

from .answer import Entry
from .record import KinesisRecord


class Shard(msgspec.Struct, frozen=True):
    """One shard of a listing.

    Attributes:
        id: Name of the shard, unique in its stream for ever.
        first: First hash key of its range.
        last: Last hash key of its range, which belongs to it.
        is_open: Whether it still takes records.
        parents: Names of the shards it was split or merged from, also of those no longer there.
    """

    id: str
    first: int
    last: int
    is_open: bool = True
    parents: tuple[str, ...] = ()


def hash_key(record: KinesisRecord) -> int:
    """The 128-bit number that chooses the record's shard."""
    if record.explicit_hash_key is not None:
        return int(record.explicit_hash_key)
    digest = md5(record.partition_key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big")


class ShardMap:
    """The open shards of a stream, by hash range."""

    def __init__(self, shards: Iterable[Shard]) -> None:
        """Keep the open shards of a listing; closed ones in it are passed over."""
        ordered = sorted((s for s in shards if s.is_open), key=lambda shard: shard.first)
        self._firsts = [shard.first for shard in ordered]
        self._shards = ordered
        self.ids = frozenset(shard.id for shard in ordered)

    def lacks(self, entries: Iterable[Entry]) -> bool:
        """Whether an answer names a shard that is not in this map."""
        ids = self.ids
        return any(e.shard_id not in ids for e in entries if e.shard_id is not None)

    def shard_of(self, record: KinesisRecord) -> str | None:
        """Name of the shard that takes the record; None where the listing has a gap."""
        key = hash_key(record)
        place = bisect_right(self._firsts, key) - 1
        if place < 0 or key > self._shards[place].last:
            return None
        return self._shards[place].id
