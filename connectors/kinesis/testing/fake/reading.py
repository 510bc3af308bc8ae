"""The reading side of the fake: ListShards, GetShardIterator, GetRecords.

Sources, read in November 2026:

* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
* https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html

Left out: ListShards knows no filter, and a shard's 2 MB/s of reading are not counted.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import json
from collections.abc import Callable, Mapping, Sequence
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


def list_shards(stream: FakeStream, request: Mapping[str, Any]) -> Reply:
    """All shards, closed ones too, in the order of their ids."""
    token = request.get("NextToken")
    if token and (_STREAM.keys() | {"ExclusiveStartShardId"}) & request.keys():
        raise CallRefused("InvalidArgumentException", "NextToken excludes StreamName and the like")
    after = token.partition("/")[2] if token else request.get("ExclusiveStartShardId", "")
    shards = [shard for shard in stream.shards if shard.id > after]
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
    shard = stream.shard(request["ShardId"])
    kind = request["ShardIteratorType"]
    if kind == "TRIM_HORIZON":
        place = 0
    elif kind == "LATEST":
        place = len(shard.stored)
    elif kind == "AT_TIMESTAMP" and "Timestamp" in request:
        place = _place(bisect.bisect_left, shard, request["Timestamp"], lambda kept: kept.at)
    elif kind == "AT_SEQUENCE_NUMBER" and "StartingSequenceNumber" in request:
        place = _place(bisect.bisect_left, shard, int(request["StartingSequenceNumber"]), _number)
    elif kind == "AFTER_SEQUENCE_NUMBER" and "StartingSequenceNumber" in request:
        place = _place(bisect.bisect_right, shard, int(request["StartingSequenceNumber"]), _number)
    else:
        raise CallRefused("InvalidArgumentException", f"{kind} is no type, or needs more")
    return answer({"ShardIterator": str(Position(stream.name, shard.id, place, now))})


def _number(kept: Stored) -> float:
    return int(kept.sequence_number)


def _place(
    find: Callable[[Sequence[float], float], int],
    shard: Shard,
    value: float,
    key: Callable[[Stored], float],
) -> int:
    return find([key(kept) for kept in shard.stored], value)


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
    shard = stream.shard(position.shard_id)
    if stream.limits_rate:
        if not shard.reads_left.has(1, now):
            raise CallRefused(
                "ProvisionedThroughputExceededException",
                f"Rate exceeded for shard {shard.id} in stream {stream.name}.",
            )
        shard.reads_left.take(1)
    records: list[Stored] = []
    size = 0
    for kept in shard.stored[position.place : position.place + limit]:
        size += len(kept.data) + len(kept.partition_key.encode())
        if records and size > BYTES_MAX:
            break
        records.append(kept)
    place = position.place + len(records)
    found: dict[str, Any] = {
        "Records": [_record(kept) for kept in records],
        "MillisBehindLatest": 0,
    }
    if place < len(shard.stored):
        found["MillisBehindLatest"] = max(0, round((now - shard.stored[place].at) * 1000))
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
