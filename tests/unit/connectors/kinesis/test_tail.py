"""Reading a stream without Bytewax: everything, from a place, to the tip or for ever."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pytest

from connectors.kinesis.core.read_calls import GetShardIterator, ReadAnswer
from connectors.kinesis.core.retry import Kind, decide
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.core.source_record import KinesisSourceRecord
from connectors.kinesis.errors import KinesisError, KinesisShardNotFound, KinesisUnreachable
from connectors.kinesis.tail import Start, read_stream
from connectors.kinesis.testing.fake import FakeKinesis
from tests.support.aggregated import Inner, aggregate

T0 = 1_795_500_000.0
ALL = 2**128


class Calls:
    """A stream in memory, called as a client calls it, on a clock that pauses set forth.

    Attributes:
        failing: error codes of the next calls, the first one first.
    """

    def __init__(self, *, shards: int = 1) -> None:
        """Make the stream."""
        self.now = T0
        self.kinesis = FakeKinesis()
        self.stream = self.kinesis.create("leads", shards=shards, now=T0)
        self.failing: list[str] = []

    def put(self, *data: bytes, key: str = "k") -> None:
        """Write records."""
        for each in data:
            encoded = base64.b64encode(each).decode()
            record = {"Data": encoded, "PartitionKey": key}
            answer = self.call("PutRecords", StreamName="leads", Records=[record])
            assert 0 == answer["FailedRecordCount"]

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """Carry out a call, or fail it."""
        if self.failing and operation != "PutRecords":
            code = self.failing.pop(0)
            raise KinesisUnreachable(code, code=code, kind=decide(code))
        reply = self.kinesis.call(operation, json.dumps(members).encode(), self.now)
        found: dict[str, Any] = json.loads(reply.body)
        if reply.status != 200:
            code = found["__type"]
            raise KinesisError(code, code=code, kind=decide(code, reply.status))
        return found

    def list_shards(self) -> list[Shard]:
        """List the shards."""
        return [
            Shard(
                each["ShardId"],
                int(each["HashKeyRange"]["StartingHashKey"]),
                int(each["HashKeyRange"]["EndingHashKey"]),
                "EndingSequenceNumber" not in each["SequenceNumberRange"],
                tuple(
                    each[name]
                    for name in ("ParentShardId", "AdjacentParentShardId")
                    if name in each
                ),
            )
            for each in self.call("ListShards", StreamName="leads")["Shards"]
        ]

    def get_shard_iterator(self, place: GetShardIterator) -> str:
        """Get an iterator."""
        members: dict[str, Any] = {"ShardId": place.shard.id, "ShardIteratorType": place.type}
        if place.sequence_number is not None:
            members["StartingSequenceNumber"] = place.sequence_number
        if place.timestamp is not None:
            members["Timestamp"] = place.timestamp
        iterator = self.call("GetShardIterator", StreamName="leads", **members)["ShardIterator"]
        assert isinstance(iterator, str)
        return iterator

    def get_records(self, iterator: str) -> ReadAnswer:
        """Read what comes next, two records at a time."""
        answer = self.call("GetRecords", ShardIterator=iterator, Limit=2)
        records = [
            KinesisSourceRecord(
                base64.b64decode(each["Data"]),
                each["PartitionKey"],
                each["SequenceNumber"],
                each["ApproximateArrivalTimestamp"],
            )
            for each in answer["Records"]
        ]
        size = sum(len(each.data) for each in records)
        return ReadAnswer(
            records, answer.get("NextShardIterator"), answer["MillisBehindLatest"], size
        )

    def close(self) -> None:
        """Nothing is open."""

    def pause(self, seconds: float) -> None:
        """Let time pass: a millisecond at least, as nothing takes no time."""
        self.now += max(seconds, 0.001)

    def read(
        self, start: Start | Mapping[str, str] = "trim_horizon", count: int | None = None
    ) -> list[KinesisSourceRecord]:
        """Read to the tip; or follow, until so many records came."""
        records = read_stream(
            self,
            start=start,
            follow=count is not None,
            give_up_s=60.0,
            clock=lambda: self.now,
            pause=self.pause,
        )
        return list(islice(records, count))


def data(records: list[KinesisSourceRecord]) -> list[bytes]:
    """Give what records carry."""
    return [each.data for each in records]


def test_it_reads_to_the_tip_and_ends() -> None:
    """Everything in order, over several answers, with what each record is told apart by."""
    calls = Calls()
    calls.put(b"1", b"2", b"3", b"4", b"5")
    records = calls.read()
    assert [b"1", b"2", b"3", b"4", b"5"] == data(records)
    assert [0, 1, 2, 3, 4] == [each.ordinal for each in records]
    assert {("shardId-000000000000", T0, 0)} == {
        (each.shard_id, each.arrival, each.sub_sequence_number) for each in records
    }
    stored = calls.kinesis.stored("leads")
    assert [each.sequence_number for each in stored] == [each.sequence_number for each in records]


def test_an_empty_stream_ends_at_once() -> None:
    """Nothing was there, so nothing comes."""
    assert [] == Calls(shards=3).read()


def test_it_reads_every_shard_and_what_a_reshard_made_of_them() -> None:
    """Parents that are closed, and their children, found by the same listing or by a later one."""
    calls = Calls()
    calls.put(b"old")
    calls.stream.split("shardId-000000000000", ALL // 2, T0)
    calls.put(b"low", key="a")
    calls.put(b"high", key="b")
    assert {b"old", b"low", b"high"} == set(data(calls.read()))
    assert b"old" == data(calls.read())[0]


def test_a_reshard_on_the_way_is_followed() -> None:
    """A shard that ends while it is read leads to its children before the reading ends."""
    calls = Calls()
    calls.put(b"1", b"2", b"3")
    records = read_stream(
        calls,
        start="trim_horizon",
        follow=False,
        give_up_s=60.0,
        clock=lambda: calls.now,
        pause=calls.pause,
    )
    first = next(records)
    calls.stream.split("shardId-000000000000", ALL // 2, calls.now)
    calls.put(b"4", key="a")
    calls.put(b"5", key="b")
    assert {b"1", b"2", b"3", b"4", b"5"} == set(data([first, *records]))


def test_following_waits_for_more() -> None:
    """What is written after the tip was reached comes too, and the reading does not end."""
    calls = Calls()
    calls.put(b"1")
    records = read_stream(
        calls,
        start="trim_horizon",
        follow=True,
        give_up_s=60.0,
        clock=lambda: calls.now,
        pause=calls.pause,
    )
    assert b"1" == next(records).data
    calls.now += 100
    calls.put(b"2")
    assert b"2" == next(records).data


def test_latest_is_the_present_of_the_first_call() -> None:
    """What was there before does not come."""
    calls = Calls()
    calls.put(b"1")
    calls.now += 1
    pauses = iter([b"2"])

    def pause(seconds: float) -> None:
        calls.pause(seconds)
        for each in islice(pauses, 1):
            calls.put(each)

    records = read_stream(
        calls, start="latest", follow=True, give_up_s=60.0, clock=lambda: calls.now, pause=pause
    )
    assert b"2" == next(records).data


def test_a_time_is_where_it_begins() -> None:
    """The first record is one that arrived then or later."""
    calls = Calls()
    for each in (b"1", b"2", b"3"):
        calls.put(each)
        calls.now += 10
    start = datetime.fromtimestamp(T0, timezone.utc) + timedelta(seconds=10)
    assert [b"2", b"3"] == data(calls.read(start))


def test_a_sequence_number_is_the_first_that_comes() -> None:
    """Only its shard is read, from that record on, and what a reshard made of the shard."""
    calls = Calls(shards=2)
    for key in "ab":  # MD5 of a is in the lower half, of b in the upper
        calls.put(*(f"{key}{number}".encode() for number in range(5)), key=key)
    calls.stream.split("shardId-000000000000", ALL // 4, calls.now)
    calls.put(b"a5", key="a")
    calls.put(b"b5", key="b")
    third = calls.kinesis.stored("leads")[2]
    assert b"a2" == third.data
    assert [b"a2", b"a3", b"a4", b"a5"] == data(
        calls.read({"shardId-000000000000": third.sequence_number})
    )


def test_a_shard_that_is_not_there_is_an_error() -> None:
    """It is named, with what to do."""
    with pytest.raises(KinesisShardNotFound, match=r"'shardId-000000000009'.*list-shards"):
        Calls().read({"shardId-000000000009": "1"})


def test_aggregates_are_opened() -> None:
    """Each of their records comes by itself, under its own key."""
    calls = Calls()
    calls.put(b"1", aggregate([Inner("x", b"2"), Inner("y", b"3")]), b"4")
    assert [(b"1", "k", 0), (b"2", "x", 0), (b"3", "y", 1), (b"4", "k", 0)] == [
        (each.data, each.partition_key, each.sub_sequence_number) for each in calls.read()
    ]


def test_troubles_that_pass_are_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Each call is made again after a pause; nothing is lost or comes twice."""
    calls = Calls()
    calls.put(b"1", b"2", b"3")
    calls.failing = ["InternalFailure", "LimitExceededException", "ExpiredIteratorException"]
    assert [b"1", b"2", b"3"] == data(calls.read())
    assert {"read_failed"} == {each.getMessage() for each in caplog.records}


def test_a_trouble_that_lasts_ends_it() -> None:
    """After a minute without one good answer it gives up, with the last failure."""
    calls = Calls()
    calls.failing = ["InternalFailure"] * 100_000
    with pytest.raises(KinesisUnreachable, match="InternalFailure"):
        calls.read()
    assert 60 <= calls.now - T0 < 120


def test_what_a_person_must_mend_ends_it_at_once() -> None:
    """Nobody waits a minute for a permission."""
    calls = Calls()
    calls.failing = ["AccessDeniedException"]
    with pytest.raises(KinesisError, match="AccessDeniedException") as caught:
        calls.read()
    assert (Kind.DENIED, T0) == (caught.value.kind, calls.now)
