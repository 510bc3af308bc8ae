"""The reading side of the fake: ListShards, GetShardIterator, GetRecords.

Sources, read in November 2026:

* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html

What is trimmed is skipped: an iterator whose place was trimmed goes on at the oldest record that is
left. GetShardIterator's page says so of a timestamp; of a sequence number it says nothing, so there
it is a guess.

Left out: ListShards knows no filter, and a shard's 2 MB/s of reading are not counted.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from .stream import FakeStream, Shard, Stored
from .wire import INTEGER, STRING, TIMESTAMP, CallRefused, Reply, answer

if TYPE_CHECKING:
    from typing_extensions import Self

SHARDS_PER_PAGE = 1_000  # ListShards, MaxResults: the default, and the most of one call
ITERATOR_S = 300  # GetShardIterator: an iterator expires after 5 minutes
RECORDS_MAX = 10_000  # GetRecords: the most records of one call
BYTES_MAX = 10 * 1024 * 1024  # GetRecords: the most data of one call, 10 MiB

_STREAM = {"StreamName": STRING, "StreamARN": STRING}
LIST_SHARDS = {
    **_STREAM,
    "NextToken": STRING,
    "ExclusiveStartShardId": STRING,
    "MaxResults": INTEGER,
}
GET_SHARD_ITERATOR = {
    **_STREAM,
    "ShardId": STRING,
    "ShardIteratorType": STRING,
    "StartingSequenceNumber": STRING,
    "Timestamp": TIMESTAMP,
}
GET_RECORDS = {"ShardIterator": STRING, "Limit": INTEGER, "StreamARN": STRING}


@dataclass(frozen=True, slots=True)
class Position:
    """What a shard iterator hides: the next place in a shard, and when it was handed out."""

    stream: str
    shard_id: str
    place: int
    at: float

    def __str__(self) -> str:
        return base64.b64encode(json.dumps(astuple(self)).encode()).decode()

    @classmethod
    def read(cls, iterator: str) -> Self:
        """Take an iterator apart.

        Raises:
            CallRefused: InvalidArgumentException, as it is none of ours.
        """
        try:
            return cls(*json.loads(base64.b64decode(iterator, validate=True)))
        except (binascii.Error, ValueError, TypeError):
            raise CallRefused("InvalidArgumentException", "Invalid ShardIterator.") from None


def list_shards(stream: FakeStream, request: Mapping[str, Any], now: float) -> Reply:
    """All shards that are known, closed ones too, in the order of their ids."""
    token = request.get("NextToken")
    if token and (_STREAM.keys() | {"ExclusiveStartShardId"}) & request.keys():
        raise CallRefused("InvalidArgumentException", "NextToken excludes StreamName and the like")
    after = token.partition("/")[2] if token else request.get("ExclusiveStartShardId", "")
    shards = [shard for shard in stream.known_shards(now) if shard.id > after]
    page = shards[: min(request.get("MaxResults", SHARDS_PER_PAGE), SHARDS_PER_PAGE)]
    found: dict[str, Any] = {"Shards": [_shard(shard) for shard in page]}
    if len(page) < len(shards):
        found["NextToken"] = f"{stream.name}/{page[-1].id}"
    return answer(found)


def _shard(shard: Shard) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": shard.started}
    if shard.ended is not None:
        numbers["EndingSequenceNumber"] = shard.ended
    names = ("ParentShardId", "AdjacentParentShardId")
    return {
        "ShardId": shard.id,
        **dict(zip(names, shard.parents, strict=False)),
        "HashKeyRange": _hash_key_range(shard),
        "SequenceNumberRange": numbers,
    }


def _hash_key_range(shard: Shard) -> dict[str, str]:
    return {"StartingHashKey": str(shard.first), "EndingHashKey": str(shard.last)}


def get_shard_iterator(stream: FakeStream, request: Mapping[str, Any], now: float) -> Reply:
    """An iterator of one of the five types.

    Raises:
        CallRefused: No such shard or type, or what the type needs is missing.
    """
    shard = _known(stream, request["ShardId"], now)
    kind = request["ShardIteratorType"]
    if kind == "TRIM_HORIZON":
        place = 0
    elif kind == "LATEST":
        place = len(shard.stored)
    elif kind == "AT_TIMESTAMP" and "Timestamp" in request:
        if request["Timestamp"] > now:  # awslabs/amazon-kinesis-connector-flink, issue 13
            raise CallRefused("InvalidArgumentException", "The timestamp lies in the future.")
        place = shard.horizon(request["Timestamp"])
    elif kind == "AT_SEQUENCE_NUMBER" and "StartingSequenceNumber" in request:
        number = int(request["StartingSequenceNumber"])
        place = bisect.bisect_left(shard.stored, number, key=_number)
    elif kind == "AFTER_SEQUENCE_NUMBER" and "StartingSequenceNumber" in request:
        number = int(request["StartingSequenceNumber"])
        place = bisect.bisect_right(shard.stored, number, key=_number)
    else:
        raise CallRefused("InvalidArgumentException", f"{kind} is no type, or needs more")
    return answer({"ShardIterator": str(Position(stream.name, shard.id, place, now))})


def _known(stream: FakeStream, shard_id: str, now: float) -> Shard:
    """A shard that is listed.

    Raises:
        CallRefused: ResourceNotFoundException, as nothing of it is left.
    """
    shard = stream.shard(shard_id)
    if not shard.is_known(now - stream.retention_s):
        raise CallRefused("ResourceNotFoundException", f"no shard {shard_id} in {stream.name}")
    return shard


def _number(kept: Stored) -> int:
    return int(kept.sequence_number)


def get_records(stream: FakeStream, position: Position, limit: int | None, now: float) -> Reply:
    """The next records of a shard.

    Raises:
        CallRefused: The iterator is too old, the limit is out of range, or the shard is read more
            often than it allows.
    """
    limit = RECORDS_MAX if limit is None else limit
    if not 1 <= limit <= RECORDS_MAX:
        raise CallRefused("ValidationException", f"Limit {limit} is not 1 to {RECORDS_MAX}")
    if now - position.at > ITERATOR_S:
        raise CallRefused("ExpiredIteratorException", "Iterator expired.")
    shard = _known(stream, position.shard_id, now)
    if stream.limits_rate:
        if not shard.reads_left.has(1, now):
            raise CallRefused(
                "ProvisionedThroughputExceededException",
                f"Rate exceeded for shard {shard.id} in stream {stream.name}.",
            )
        shard.reads_left.take(1)
    first = max(position.place, shard.horizon(now - stream.retention_s))
    records: list[Stored] = []
    size = 0
    for kept in shard.stored[first : first + limit]:
        size += len(kept.data) + len(kept.partition_key.encode())
        if records and size > BYTES_MAX:
            break
        records.append(kept)
    place = first + len(records)
    found: dict[str, Any] = {
        "Records": [_record(kept) for kept in records],
        "MillisBehindLatest": 0,
    }
    if place < len(shard.stored):  # GetRecords: 0 only if there is nothing more to process
        found["MillisBehindLatest"] = max(1, round((now - shard.stored[place].at) * 1000))
    if place == len(shard.stored) and shard.ended is not None:
        found["ChildShards"] = [
            _child(child) for child in stream.shards if shard.id in child.parents
        ]
    else:
        found["NextShardIterator"] = str(Position(stream.name, shard.id, place, now))
    return answer(found)


def _record(kept: Stored) -> dict[str, Any]:
    return {
        "SequenceNumber": kept.sequence_number,
        "ApproximateArrivalTimestamp": round(kept.at, 3),  # GetRecords: milliseconds
        "Data": base64.b64encode(kept.data).decode(),
        "PartitionKey": kept.partition_key,
    }


def _child(shard: Shard) -> dict[str, Any]:
    return {
        "ShardId": shard.id,
        "ParentShards": list(shard.parents),
        "HashKeyRange": _hash_key_range(shard),
    }
