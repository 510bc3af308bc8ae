"""Streams of an emulated Kinesis, made and read back with boto3 alone.

Of moto only this is used: it keeps what PutRecords brings and gives it back shard by shard in the
order it came. Imports nothing of the program.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import Any, NamedTuple

import boto3
from typing_extensions import Self

REGION = "us-east-1"
_numbers = count(1)


@cache  # it takes longer to make than most tests take to run
def _client(url: str) -> Any:
    session = boto3.Session("any", "any", region_name=REGION)
    return session.client("kinesis", endpoint_url=url)


class Sent(NamedTuple):
    """One record as a reader of the stream gets it."""

    partition_key: str
    data: str


class Stream:
    """One stream of the emulator at `url`."""

    def __init__(self, url: str, name: str) -> None:
        """Take a stream that exists."""
        self.url = url
        self.name = name

    @classmethod
    def make(cls, url: str, name: str = "", *, shards: int = 1) -> Self:
        """Make a stream, of one shard and with a name of its own unless they are given."""
        made = cls(url, name or f"stream-{next(_numbers)}")
        made._client.create_stream(StreamName=made.name, ShardCount=shards)
        return made

    @property
    def options(self) -> tuple[str, ...]:
        """The overrides that send a run to this stream."""
        return (f"--set=account.endpoint_url={self.url}", f"--set=stream.name={self.name}")

    def records(self) -> list[Sent]:
        """Read everything, shard after shard."""
        return [record for shard in self._shards() for record in self._read(shard)]

    def messages(self) -> list[str]:
        """Read the data of everything, shard after shard."""
        return [record.data for record in self.records()]

    @property
    def _client(self) -> Any:
        return _client(self.url)

    def _shards(self) -> list[str]:
        answer = self._client.list_shards(StreamName=self.name)
        return [shard["ShardId"] for shard in answer["Shards"]]

    def _read(self, shard: str) -> list[Sent]:
        iterator = self._client.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[Sent] = []
        while records := (answer := self._client.get_records(ShardIterator=iterator))["Records"]:
            found += [Sent(each["PartitionKey"], each["Data"].decode()) for each in records]
            iterator = answer["NextShardIterator"]
        return found
