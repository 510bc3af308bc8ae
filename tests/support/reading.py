"""Carries out what a `Reading` decides, on a fake stream, without network or threads."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from connectors.kinesis.core.read_calls import (
    Call,
    GetRecords,
    GetShardIterator,
    ListShards,
    ReadAnswer,
)
from connectors.kinesis.core.reading import Reading
from connectors.kinesis.core.retry import decide
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.core.source_record import KinesisSourceRecord
from connectors.kinesis.testing.fake import FakeKinesis

STREAM = "events"


class Refused(Exception):
    """The fake turned a call down."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Answer = list[Shard] | str | ReadAnswer


class _Found(msgspec.Struct, rename="pascal"):
    """An answer of GetRecords."""

    records: list[KinesisSourceRecord]
    millis_behind_latest: int
    next_shard_iterator: str | None = None


def carry_out(fake: FakeKinesis, call: Call, now: float, records_max: int = 10_000) -> Answer:
    """Carry out a call; GetRecords with this limit.

    Raises:
        Refused: The fake turned it down.
    """
    if isinstance(call, ListShards):
        return _shards(fake, now)
    if isinstance(call, GetShardIterator):
        wanted = {
            "StartingSequenceNumber": call.sequence_number,
            "Timestamp": call.timestamp,
        }
        body = {name: value for name, value in wanted.items() if value is not None}
        body |= {"ShardId": call.shard.id, "ShardIteratorType": call.type}
        found = _ask(fake, "GetShardIterator", now, StreamName=STREAM, **body)
        return str(json.loads(found)["ShardIterator"])
    records = _ask(fake, "GetRecords", now, ShardIterator=call.iterator, Limit=records_max)
    answer = msgspec.json.decode(records, type=_Found)
    size = sum(len(record.data) for record in answer.records)
    return ReadAnswer(answer.records, answer.next_shard_iterator, answer.millis_behind_latest, size)


def hand_in(reading: Reading, call: Call, answer: Answer, now: float) -> None:
    """Give an answer to the reading that wanted it."""
    if isinstance(call, ListShards):
        assert isinstance(answer, list)
        reading.listed(call, answer, now)
    elif isinstance(call, GetShardIterator):
        assert isinstance(answer, str)
        reading.got_iterator(call, answer, now)
    else:
        assert isinstance(call, GetRecords)
        assert isinstance(answer, ReadAnswer)
        reading.got_records(call, answer, now)


def do_all(reading: Reading, fake: FakeKinesis, now: float) -> list[Call]:
    """Carry out all calls that are due, and give them."""
    calls: list[Call] = []
    while (call := reading.next_call(now)) is not None:
        calls.append(call)
        do_one(reading, fake, call, now)
    return calls


def do_one(reading: Reading, fake: FakeKinesis, call: Call, now: float) -> None:
    """Carry out one call, whatever comes of it; it must not be over."""
    try:
        answer = carry_out(fake, call, now)
    except Refused as refused:
        is_over = reading.failed(call, refused.code, decide(refused.code, 400), now)
    else:
        is_over = False
        hand_in(reading, call, answer, now)
    assert not is_over


def _ask(fake: FakeKinesis, operation: str, now: float, **members: object) -> bytes:
    reply = fake.call(operation, json.dumps(members).encode(), now)
    if reply.status != 200:
        raise Refused(json.loads(reply.body)["__type"])
    return reply.body


def _shards(fake: FakeKinesis, now: float) -> list[Shard]:
    shards: list[Shard] = []
    members: dict[str, object] = {"StreamName": STREAM}
    while members:
        page = json.loads(_ask(fake, "ListShards", now, **members))
        shards += [_shard(found) for found in page["Shards"]]
        token = page.get("NextToken")
        members = {"NextToken": token} if token else {}
    return shards


def _shard(found: dict[str, Any]) -> Shard:
    keys = found["HashKeyRange"]
    parents = (found.get("ParentShardId"), found.get("AdjacentParentShardId"))
    return Shard(
        found["ShardId"],
        int(keys["StartingHashKey"]),
        int(keys["EndingHashKey"]),
        is_open="EndingSequenceNumber" not in found["SequenceNumberRange"],
        parents=tuple(parent for parent in parents if parent is not None),
    )
