"""ListShards, GetShardIterator and GetRecords of the fake, as AWS documents them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from tests.unit.connectors.kinesis.testing.fake.calls import call, error, put, record

SHARD = "shardId-000000000000"


@pytest.fixture
def fake() -> FakeKinesis:
    """A stream of one shard with the records 0 to 4, one each second from second 10."""
    made = FakeKinesis()
    made.create("leads")
    for number in range(5):
        put(made, record(str(number).encode()), now=10.0 + number)
    return made


def iterator(fake: FakeKinesis, kind: str, *, now: float = 100.0, **members: object) -> str:
    """A shard iterator of this type."""
    wanted = {"ShardId": SHARD, "ShardIteratorType": kind, **members}
    found = call(fake, "GetShardIterator", now, StreamName="leads", **wanted)
    return str(found["ShardIterator"])


def read(fake: FakeKinesis, position: str, *, now: float = 100.0, **members: object) -> Any:
    """One GetRecords call."""
    return call(fake, "GetRecords", now, ShardIterator=position, **members)


def data(answer: Any) -> str:
    """The data of the records of an answer, in one piece."""
    return b"".join(base64.b64decode(each["Data"]) for each in answer["Records"]).decode()


def test_records_come_in_order_with_what_was_stored(fake: FakeKinesis) -> None:
    """Data, key, sequence number and the time of arrival."""
    answer = read(fake, iterator(fake, "TRIM_HORIZON"))
    assert "01234" == data(answer)
    assert {
        "SequenceNumber": fake.stored("leads")[1].sequence_number,
        "ApproximateArrivalTimestamp": 11.0,
        "Data": "MQ==",
        "PartitionKey": "a",
    } == answer["Records"][1]
    assert 0 == answer["MillisBehindLatest"]


def test_each_type_of_iterator_starts_where_it_says(fake: FakeKinesis) -> None:
    """At or after a sequence number, at a time, at the end."""
    number = fake.stored("leads")[2].sequence_number
    at = iterator(fake, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    after = iterator(fake, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    since = iterator(fake, "AT_TIMESTAMP", Timestamp=12.5)
    assert ["234", "34", "34"] == [data(read(fake, each)) for each in (at, after, since)]
    latest = iterator(fake, "LATEST")
    put(fake, record(b"5"), now=50.0)
    assert "5" == data(read(fake, latest))


def test_reading_goes_on_where_it_stopped(fake: FakeKinesis) -> None:
    """A limit cuts, the next iterator continues, and the lag is the age of what comes next."""
    first = read(fake, iterator(fake, "TRIM_HORIZON"), Limit=2)
    assert ("01", 88_000) == (data(first), first["MillisBehindLatest"])
    second = read(fake, first["NextShardIterator"])
    assert ("234", 0) == (data(second), second["MillisBehindLatest"])
    assert "" == data(read(fake, second["NextShardIterator"]))


def test_10_mib_is_the_most_of_one_call() -> None:
    """Of records of 4 MiB two come, then the third."""
    fake = FakeKinesis()
    stream = fake.create("leads")
    stream.record_bytes_max, stream.limits_rate = 4 * 1_048_576, False
    for _ in range(3):
        put(fake, record(bytes(4 * 1_048_576 - 1)))
    first = read(fake, iterator(fake, "TRIM_HORIZON"))
    assert 2 == len(first["Records"])
    assert 1 == len(read(fake, first["NextShardIterator"])["Records"])


def test_a_closed_shard_ends_and_names_its_children(fake: FakeKinesis) -> None:
    """The last answer has no next iterator."""
    fake.streams["leads"].split(SHARD, 2**127, 20.0)
    first = read(fake, iterator(fake, "TRIM_HORIZON"), Limit=4)
    assert "ChildShards" not in first
    last = read(fake, first["NextShardIterator"])
    assert "4" == data(last)
    assert "NextShardIterator" not in last
    assert ["shardId-000000000001", "shardId-000000000002"] == [
        child["ShardId"] for child in last["ChildShards"]
    ]
    assert {
        "StartingHashKey": "0",
        "EndingHashKey": "170141183460469231731687303715884105727",
    } == last["ChildShards"][0]["HashKeyRange"]
    assert [SHARD] == last["ChildShards"][0]["ParentShards"]


def test_an_iterator_lives_5_minutes(fake: FakeKinesis) -> None:
    """After 300 seconds it is still good, a second later it is not."""
    position = iterator(fake, "TRIM_HORIZON", now=100.0)
    read(fake, position, now=400.0)
    refused = error(fake, "GetRecords", 401.0, ShardIterator=position)
    assert "ExpiredIteratorException" == refused


def test_a_shard_is_read_5_times_a_second(fake: FakeKinesis) -> None:
    """The sixth call in a second is refused."""
    position = iterator(fake, "TRIM_HORIZON")
    for _ in range(5):
        read(fake, position)
    refused = error(fake, "GetRecords", 100.0, ShardIterator=position)
    assert "ProvisionedThroughputExceededException" == refused
    read(fake, position, now=101.0)


@pytest.mark.parametrize(
    ("operation", "members", "refused"),
    [
        ("GetRecords", {"ShardIterator": "x"}, "InvalidArgumentException"),
        ("GetRecords", {"ShardIterator": "WzFd"}, "InvalidArgumentException"),
        ("GetRecords", {}, "ValidationException"),
        ("GetShardIterator", {"ShardIteratorType": "NEWEST"}, "InvalidArgumentException"),
        ("GetShardIterator", {"ShardIteratorType": "AT_TIMESTAMP"}, "InvalidArgumentException"),
        ("GetShardIterator", {"ShardId": "shardId-1"}, "ResourceNotFoundException"),
    ],
)
def test_a_wrong_question_is_refused(
    fake: FakeKinesis, operation: str, members: dict[str, str], refused: str
) -> None:
    """No iterator of ours, no such type, not enough for the type, no such shard."""
    if operation == "GetShardIterator":
        known = {"StreamName": "leads", "ShardId": SHARD, "ShardIteratorType": "LATEST"}
        members = {**known, **members}
    assert refused == error(fake, operation, **members)


@pytest.mark.parametrize("limit", [0, 10_001])
def test_a_limit_is_1_to_10000(fake: FakeKinesis, limit: int) -> None:
    """The documented range holds."""
    position = iterator(fake, "TRIM_HORIZON")
    refused = error(fake, "GetRecords", 100.0, ShardIterator=position, Limit=limit)
    assert "ValidationException" == refused


def test_listing_names_ranges_and_parents_of_closed_shards_too(fake: FakeKinesis) -> None:
    """A closed shard has the sequence number at which it ended."""
    stream = fake.streams["leads"]
    stream.split(SHARD, 2**127, 20.0)
    stream.merge("shardId-000000000001", "shardId-000000000002", 30.0)
    parent, low, _, child = call(fake, "ListShards", StreamName="leads")["Shards"]
    assert {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)} == parent["HashKeyRange"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert SHARD == low["ParentShardId"]
    assert {
        "ShardId": "shardId-000000000003",
        "ParentShardId": "shardId-000000000001",
        "AdjacentParentShardId": "shardId-000000000002",
        "HashKeyRange": parent["HashKeyRange"],
        "SequenceNumberRange": {"StartingSequenceNumber": stream.shards[3].started},
    } == child


def test_a_list_comes_in_pages() -> None:
    """1,000 shards a page unless fewer are wanted; a token goes on and names the stream itself."""
    fake = FakeKinesis()
    fake.create("leads", shards=1_001)
    first = call(fake, "ListShards", StreamName="leads")
    assert 1_000 == len(first["Shards"])
    rest = call(fake, "ListShards", NextToken=first["NextToken"])
    assert ["shardId-000000001000"] == [shard["ShardId"] for shard in rest["Shards"]]
    assert "NextToken" not in rest
    few = call(fake, "ListShards", StreamName="leads", MaxResults=2, ExclusiveStartShardId=SHARD)
    assert ["1", "2"] == [shard["ShardId"][-1] for shard in few["Shards"]]
    token = {"NextToken": first["NextToken"], "StreamName": "leads"}
    assert "InvalidArgumentException" == error(fake, "ListShards", **token)


def listed(fake: FakeKinesis, now: float) -> list[str]:
    """The names of the shards that are listed, by their last digit."""
    return [
        shard["ShardId"][-1]
        for shard in call(fake, "ListShards", now, StreamName="leads")["Shards"]
    ]


def test_a_record_is_trimmed_when_it_is_older_than_the_retention(fake: FakeKinesis) -> None:
    """After a day, to the second; an iterator skips what is gone, a timestamp too."""
    fake.streams["leads"].retention_s = 86_400.0
    now = 86_400.0 + 12.0
    held = iterator(fake, "TRIM_HORIZON", now=86_400.0 + 10.0)
    assert "234" == data(read(fake, held, now=now))
    assert "234" == data(read(fake, iterator(fake, "TRIM_HORIZON", now=now), now=now))
    since = iterator(fake, "AT_TIMESTAMP", now=now, Timestamp=11.0)
    assert "234" == data(read(fake, since, now=now))


def test_a_trimmed_sequence_number_goes_on_at_the_oldest_record(fake: FakeKinesis) -> None:
    """A guess: AWS does not say."""
    now = 86_400.0 + 12.0
    number = fake.stored("leads")[0].sequence_number
    at = iterator(fake, "AT_SEQUENCE_NUMBER", now=now, StartingSequenceNumber=number)
    after = iterator(fake, "AFTER_SEQUENCE_NUMBER", now=now, StartingSequenceNumber=number)
    assert ["234", "234"] == [data(read(fake, each, now=now)) for each in (at, after)]


def test_a_closed_shard_is_unknown_once_nothing_of_it_is_left(fake: FakeKinesis) -> None:
    """A day after it was closed it is neither listed nor read."""
    fake.streams["leads"].split(SHARD, 2**127, 20.0)
    held = iterator(fake, "TRIM_HORIZON", now=86_400.0)
    assert ["0", "1", "2"] == listed(fake, 86_400.0 + 20.0)
    now = 86_400.0 + 20.5
    assert ["1", "2"] == listed(fake, now)
    assert "ResourceNotFoundException" == error(fake, "GetRecords", now, ShardIterator=held)
    members = {"ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"}
    refused = error(fake, "GetShardIterator", now, StreamName="leads", **members)
    assert "ResourceNotFoundException" == refused


def test_zero_behind_means_that_there_is_nothing_more(fake: FakeKinesis) -> None:
    """A record that was written in this very millisecond is one behind."""
    put(fake, record(b"5"), now=100.0)
    first = read(fake, iterator(fake, "TRIM_HORIZON"), Limit=5)
    assert 1 == first["MillisBehindLatest"]
    assert 0 == read(fake, first["NextShardIterator"])["MillisBehindLatest"]
