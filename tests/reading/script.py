"""The calls that a reader makes, on one endpoint, and what each was answered.

Left out: any judgement of the answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from tests.reading.streams import Stream, client_of, hash_keys
from tests.support.waiting import wait_until

FIRST, LOW, HIGH, MERGED = (f"shardId-{number:012}" for number in range(4))
"""The shard that there is at first, the two it is split into, and the one they are merged into."""


@dataclass(frozen=True)
class Read:
    """What an answer of GetRecords says, without what differs from run to run.

    Attributes:
        data: numbers of the records.
        is_behind: whether MillisBehindLatest is more than 0.
        goes_on: whether there is an iterator to go on with.
        children: the shards that it is said to go on in.
    """

    data: list[int]
    is_behind: bool = False
    goes_on: bool = True
    children: tuple[str, ...] = ()


class Script:
    """Makes the calls on an endpoint that has no stream yet."""

    def __init__(self, url: str) -> None:
        """Make a stream with one shard."""
        self._client = client_of(url)
        self._stream = Stream(self._client, "leads", 1, Random(1))

    def run(self) -> dict[str, Any]:
        """Give each answer by its name."""
        found: dict[str, Any] = {"an empty shard": self._read(FIRST, "TRIM_HORIZON")}
        newest = self._iterator(FIRST, "LATEST")
        for _ in range(4):
            self._write_later()
        found |= self._open_shard(newest)
        records = self._records(FIRST)
        self._stream.split()
        found |= self._closed_shard(records)
        lowest = {"Data": b"leads-9", "PartitionKey": "any", "ExplicitHashKey": "0"}
        self._client.put_records(StreamName="leads", Records=[lowest])
        self._stream.merge()
        return found | self._merged() | self._refused(records)

    def _open_shard(self, newest: str) -> dict[str, Any]:
        records = self._records(FIRST)
        number, arrival = records[1]["SequenceNumber"], records[2]["ApproximateArrivalTimestamp"]
        numbers = [int(each["SequenceNumber"]) for each in records]
        arrivals = [each["ApproximateArrivalTimestamp"] for each in records]
        ms = timedelta(milliseconds=1)
        is_ms = all(each.microsecond % 1000 == 0 for each in arrivals)
        return {
            "from the oldest": self._read(FIRST, "TRIM_HORIZON"),
            "from what was the newest": self._get(newest),
            "from the newest": self._read(FIRST, "LATEST"),
            "from a record": self._read(FIRST, "AT_SEQUENCE_NUMBER", number),
            "after a record": self._read(FIRST, "AFTER_SEQUENCE_NUMBER", number),
            "from 1 ms after a record": self._read(FIRST, "AT_TIMESTAMP", at=arrival + ms),
            "from a time before all": self._read(FIRST, "AT_TIMESTAMP", at=arrival - 9999 * ms),
            "from now": self._read(FIRST, "AT_TIMESTAMP", at=datetime.now(timezone.utc)),
            "no more than two": self._read(FIRST, "TRIM_HORIZON", limit=2),
            "the same once more": records == self._records(FIRST),
            "sequence numbers": numbers == sorted(set(numbers)) and "ascend",
            "times of arrival": arrivals == sorted(arrivals) and is_ms and "ascend, in ms",
        }

    def _closed_shard(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        last = records[-1]["SequenceNumber"]
        now = datetime.now(timezone.utc)
        return {
            "what a split leaves": [_shard(each) for each in self._shards()],
            "a closed shard from the oldest": self._read(FIRST, "TRIM_HORIZON"),
            "a closed shard from its last record": self._read(FIRST, "AT_SEQUENCE_NUMBER", last),
            "a closed shard after its last record": self._read(
                FIRST, "AFTER_SEQUENCE_NUMBER", last
            ),
            "a closed shard from its newest": self._read(FIRST, "LATEST"),
            "a closed shard from now": self._read(FIRST, "AT_TIMESTAMP", at=now),
            "part of a closed shard": self._read(FIRST, "TRIM_HORIZON", limit=3),
        }

    def _merged(self) -> dict[str, Any]:
        page = self._client.list_shards(StreamName="leads", MaxResults=3)
        return {
            "what a merge makes": _shard(self._shards()[-1]),
            "an end by a merge": self._read(LOW, "TRIM_HORIZON"),
            "first page of shards": [each["ShardId"] for each in page["Shards"]],
            "second page of shards": [
                each["ShardId"]
                for each in self._client.list_shards(NextToken=page["NextToken"])["Shards"]
            ],
        }

    def _refused(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        number, to_come = records[0]["SequenceNumber"], datetime.now(timezone.utc) + timedelta(1)
        return {
            "a shard that is none": self._read("shardId-000000000099", "LATEST"),
            "a stream that is none": self._read(FIRST, "LATEST", stream="others"),
            "from a time to come": self._read(FIRST, "AT_TIMESTAMP", at=to_come),
            "an iterator that is none": self._get("AAAA"),
            "a sequence number of another shard": self._read(LOW, "AT_SEQUENCE_NUMBER", number),
        }

    def _write_later(self) -> None:
        """Write a record that arrives in a later millisecond than those before."""
        later = datetime.now(timezone.utc) + timedelta(milliseconds=5)
        wait_until(lambda: datetime.now(timezone.utc) > later)
        self._stream.write(1)

    def _iterator(
        self,
        shard: str,
        kind: str,
        number: str | None = None,
        at: datetime | None = None,
        stream: str = "leads",
    ) -> str:
        more = {"StartingSequenceNumber": number, "Timestamp": at}
        answer = self._client.get_shard_iterator(
            StreamName=stream,
            ShardId=shard,
            ShardIteratorType=kind,
            **{name: value for name, value in more.items() if value is not None},
        )
        return str(answer["ShardIterator"])

    def _records(self, shard: str) -> list[dict[str, Any]]:
        iterator = self._iterator(shard, "TRIM_HORIZON")
        found: list[dict[str, Any]] = self._client.get_records(ShardIterator=iterator)["Records"]
        return found

    def _read(
        self,
        shard: str,
        kind: str,
        number: str | None = None,
        *,
        at: datetime | None = None,
        stream: str = "leads",
        limit: int = 100,
    ) -> Read | str:
        """Read once from a place; gives the code if that is refused."""
        try:
            iterator = self._iterator(shard, kind, number, at, stream)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return self._get(iterator, limit)

    def _get(self, iterator: str, limit: int = 100) -> Read | str:
        try:
            found = self._client.get_records(ShardIterator=iterator, Limit=limit)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return Read(
            [int(each["Data"].decode().rpartition("-")[2]) for each in found["Records"]],
            found["MillisBehindLatest"] > 0,
            "NextShardIterator" in found,
            tuple(each["ShardId"] for each in found.get("ChildShards", [])),
        )

    def _shards(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.list_shards(StreamName="leads")["Shards"]
        return found


def _shard(found: dict[str, Any]) -> tuple[str, str | None, str | None, int, int, str]:
    """Give name, parents, hash keys and state of a shard."""
    is_closed = "EndingSequenceNumber" in found["SequenceNumberRange"]
    parents = found.get("ParentShardId"), found.get("AdjacentParentShardId")
    return (found["ShardId"], *parents, *hash_keys(found), "closed" if is_closed else "open")
