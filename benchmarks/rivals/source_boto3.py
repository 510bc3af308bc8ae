"""boto3 as a careful programmer uses it in one thread: get_records, shard after shard.

There is no pace, no position that is kept, and nothing that finds new shards.
"""

from __future__ import annotations

from itertools import cycle

import boto3

from benchmarks.writer import FarEnd


class Boto3Reader:
    """Reads the shards in turn."""

    def __init__(self, far: FarEnd) -> None:
        """Connect, and take an iterator for each shard."""
        self._client = boto3.client("kinesis", region_name="us-east-1", endpoint_url=far.url)
        shards = self._client.list_shards(StreamName=far.stream)["Shards"]
        self._iterators = {
            shard["ShardId"]: self._client.get_shard_iterator(
                StreamName=far.stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for shard in shards
        }
        self._turns = cycle(self._iterators)

    def read(self) -> int:
        """Make one call."""
        shard = next(self._turns)
        answer = self._client.get_records(ShardIterator=self._iterators[shard])
        self._iterators[shard] = answer["NextShardIterator"]
        return len(answer["Records"])

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def get_reader(far: FarEnd) -> Boto3Reader:
    """Connect to the far end."""
    return Boto3Reader(far)
