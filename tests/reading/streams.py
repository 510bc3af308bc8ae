"""Two streams on an endpoint: what was written to them, and how their shards are changed.

Promise: a record is noted as written if, and only if, the service gave it a sequence number; each
has data of its own. Imports nothing of the connector: boto3 alone, and its own retries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import not_
from random import Random
from typing import Any, NamedTuple

import boto3

from tests.support.waiting import wait_until

NAMES = ("profiles", "segments")
RECORDS_MAX = 500


class Record(NamedTuple):
    """A record to write."""

    data: bytes
    partition_key: str


class Stored(NamedTuple):
    """A record as it was read back: `ordinal` is its place in its shard, from 0."""

    data: bytes
    arrival_us: int
    ordinal: int


class Stream:
    """One stream.

    Args:
        client: boto3's, for the endpoint.
        name: of the stream, which is made.
        shards: how many it has at first.
        random: for partition keys, and where to split.

    Attributes:
        written: data of the records that were taken.
    """

    def __init__(self, client: Any, name: str, shards: int, random: Random) -> None:
        """Make it and wait until it can be written to."""
        self._client = client
        self._random = random
        self.name = name
        self.written: list[str] = []
        client.create_stream(StreamName=name, ShardCount=shards)
        self._settle()

    def write(self, count: int) -> None:
        """Write so many records, over all shards."""
        first = len(self.written)
        self.send(
            [
                Record(f"{self.name}-{number}".encode(), str(self._random.random()))
                for number in range(first, first + count)
            ]
        )

    def send(self, records: Sequence[Record]) -> None:
        """Write records, at most `RECORDS_MAX`; those that were turned away again."""
        left = list(records)

        def is_done() -> bool:
            left[:] = self._put(left)
            return not left

        wait_until(is_done)

    def _put(self, records: list[Record]) -> list[Record]:
        """Write records once; gives those that were not taken."""
        entries = [{"Data": each.data, "PartitionKey": each.partition_key} for each in records]
        answer = self._client.put_records(StreamName=self.name, Records=entries)["Records"]
        is_taken = ["ShardId" in entry for entry in answer]
        self.written += [each.data.decode() for each in compress(records, is_taken)]
        return list(compress(records, map(not_, is_taken)))

    def stored(self) -> list[Stored]:
        """Read everything that it holds, shard by shard."""
        shards = self._client.list_shards(StreamName=self.name)["Shards"]
        return [record for shard in shards for record in self._shard(shard["ShardId"])]

    def _shard(self, shard_id: str) -> Iterator[Stored]:
        """Read a shard until nothing comes; botocore waits where it is asked too often."""
        found = self._client.get_shard_iterator(
            StreamName=self.name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )
        answer = self._client.get_records(ShardIterator=found["ShardIterator"])
        assert 0 == answer["MillisBehindLatest"], "one answer holds all"
        for ordinal, each in enumerate(answer["Records"]):
            arrival = each["ApproximateArrivalTimestamp"]
            arrival_us = round(arrival.timestamp() * 1_000) * 1_000  # it is in milliseconds
            yield Stored(each["Data"], arrival_us, ordinal)

    def split(self) -> None:
        """Split one of the open shards, not in its middle."""
        shard = self._random.choice(self.open())
        first, last = hash_keys(shard)
        middle = first + (last - first) // 3
        self._client.split_shard(
            StreamName=self.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle)
        )
        self._settle()

    def merge(self) -> None:
        """Merge the first open shard with its neighbour; there are two or more."""
        one, other = self.open()[:2]
        self._client.merge_shards(
            StreamName=self.name,
            ShardToMerge=one["ShardId"],
            AdjacentShardToMerge=other["ShardId"],
        )
        self._settle()

    def update(self, shards: int) -> None:
        """Give it so many shards, twice or half of what it has."""
        self._client.update_shard_count(
            StreamName=self.name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING"
        )
        self._settle()

    def open(self) -> list[dict[str, Any]]:
        """List the shards that take records, by their hash keys."""
        shards = self._client.list_shards(StreamName=self.name)["Shards"]
        still_open = [
            each for each in shards if "EndingSequenceNumber" not in each["SequenceNumberRange"]
        ]
        return sorted(still_open, key=hash_keys)

    def _settle(self) -> None:
        def is_active() -> bool:
            found = self._client.describe_stream_summary(StreamName=self.name)
            return bool(found["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE")

        wait_until(is_active)


def hash_keys(shard: dict[str, Any]) -> tuple[int, int]:
    """Give the first and the last hash key of a shard."""
    found = shard["HashKeyRange"]
    return int(found["StartingHashKey"]), int(found["EndingHashKey"])


def client_of(url: str) -> Any:
    """Make a client for an emulator."""
    session = boto3.Session("any", "any", region_name="us-east-1")
    return session.client("kinesis", endpoint_url=url)
