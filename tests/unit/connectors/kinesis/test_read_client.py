"""Calls of the reading client: what each answer of Kinesis becomes, both ways through botocore."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.kinesis import KinesisSourceRecord
from connectors.kinesis.core.read_calls import GetShardIterator, ReadAnswer
from connectors.kinesis.testing.fake import FakeKinesis, Reply
from tests.unit.connectors.kinesis.reading import (
    ARRIVAL,
    NAME,
    OLDEST,
    SHARD,
    WAYS,
    Saying,
    leads,
    reading,
)
from tests.unit.connectors.kinesis.sessions import any_session

pytestmark = pytest.mark.usefixtures("nobodys")

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/leads"


@pytest.fixture(params=WAYS)
def session(request: pytest.FixtureRequest) -> Any:
    """A session whose clients go one of the two ways."""
    return WAYS[request.param]()


class Noting:
    """A service that notes what it is asked."""

    def __init__(self, kinesis: FakeKinesis) -> None:
        """Take who answers."""
        self.asked: list[tuple[str, Any]] = []
        self._kinesis = kinesis

    def call(self, operation: str, body: bytes, now: float) -> Reply:
        """Note a call, and have it answered."""
        self.asked.append((operation, json.loads(body)))
        return self._kinesis.call(operation, body, now)


def test_records_come_with_all_that_kinesis_says_of_them(session: Any) -> None:
    """Data may be any bytes, a key any text; the arrival is exact to the millisecond."""
    fake = leads(("é", b"\x00\xff"), ("b", b""))
    stored = fake.stored("leads")
    with reading(fake, session) as client:
        read = client.get_records(client.get_shard_iterator(OLDEST))
    assert read.records == [
        KinesisSourceRecord(b"\x00\xff", "é", stored[0].sequence_number, ARRIVAL),
        KinesisSourceRecord(b"", "b", stored[1].sequence_number, ARRIVAL + 0.25),
    ]
    assert (0, 2) == (read.behind_ms, read.size)
    assert read.next_iterator


def test_a_limit_is_kept_and_the_next_iterator_goes_on(session: Any) -> None:
    """What comes next is what was left, and how far behind that is, is told."""
    with reading(leads(("a", b"1"), ("a", b"2")), session) as client:
        first = client.get_records(client.get_shard_iterator(OLDEST), limit=1)
        second = client.get_records(first.next_iterator or "")
    assert [[b"1"], [b"2"]] == [[r.data for r in read.records] for read in (first, second)]
    assert first.behind_ms > 0 == second.behind_ms


def test_the_end_of_a_closed_shard_has_no_next_iterator(session: Any) -> None:
    """It is told by its absence."""
    fake = leads(("a", b"1"))
    fake.streams["leads"].split(NAME, 2**127, now=ARRIVAL + 1)
    with reading(fake, session) as client:
        read = client.get_records(client.get_shard_iterator(OLDEST))
    assert (1, None) == (len(read.records), read.next_iterator)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (GetShardIterator(SHARD, "AT_TIMESTAMP", timestamp=ARRIVAL + 0.125), [b"2", b"3"]),
        (GetShardIterator(SHARD, "AT_TIMESTAMP", timestamp=ARRIVAL + 0.25), [b"2", b"3"]),
        (GetShardIterator(SHARD, "AT_TIMESTAMP", timestamp=ARRIVAL + 0.375), [b"3"]),
    ],
)
def test_a_time_is_sent_with_its_fraction(place: GetShardIterator, found: Sequence[bytes]) -> None:
    """Reading begins with the first record that arrived then or later, not with its second."""
    with reading(leads(("a", b"1"), ("a", b"2"), ("a", b"3")), any_session()) as client:
        read = client.get_records(client.get_shard_iterator(place))
    assert found == [record.data for record in read.records]


def test_a_place_goes_by_its_sequence_number() -> None:
    """It is that of the first record that comes."""
    fake = leads(("a", b"1"), ("a", b"2"))
    number = fake.stored("leads")[1].sequence_number
    with reading(fake, any_session()) as client:
        at = GetShardIterator(SHARD, "AT_SEQUENCE_NUMBER", sequence_number=number)
        read = client.get_records(client.get_shard_iterator(at))
    assert [b"2"] == [record.data for record in read.records]


@pytest.mark.parametrize(
    ("stream", "target", "of_records"),
    [("leads", {"StreamName": "leads"}, {}), (ARN, {"StreamARN": ARN}, {"StreamARN": ARN})],
)
def test_a_stream_goes_by_its_name_or_its_arn(
    stream: str, target: dict[str, str], of_records: dict[str, str]
) -> None:
    """By its ARN in each call, GetRecords too, as the endpoint follows from it."""
    noting = Noting(leads())
    with reading(noting, any_session(), stream=stream) as client:
        client.list_shards()
        iterator = client.get_shard_iterator(OLDEST)
        client.get_records(iterator)
    place = {"ShardId": NAME, "ShardIteratorType": "TRIM_HORIZON"}
    assert noting.asked == [
        ("ListShards", target),
        ("GetShardIterator", {**place, **target}),
        ("GetRecords", {"ShardIterator": iterator, **of_records}),
    ]


def test_shards_are_listed_with_their_parents() -> None:
    """A merge has two."""
    fake = leads()
    stream = fake.streams["leads"]
    stream.split(NAME, 2**127, now=ARRIVAL)
    halves = ("shardId-000000000001", "shardId-000000000002")
    stream.merge(*halves, now=ARRIVAL + 1)
    with reading(fake, any_session()) as client:
        listed = client.list_shards()
    assert [(), (NAME,), (NAME,), halves] == [shard.parents for shard in listed]
    assert [False, False, False, True] == [shard.is_open for shard in listed]


def test_a_large_answer_comes_whole(session: Any) -> None:
    """One of 3 MB comes in many pieces of the network."""
    data = bytes(range(256)) * 4000
    with reading(leads(*[("a", data)] * 3), session) as client:
        read = client.get_records(client.get_shard_iterator(OLDEST))
    assert [data] * 3 == [record.data for record in read.records]
    assert 3 * 256 * 4000 == read.size


def test_both_ways_give_the_same_answer() -> None:
    """Times of any precision, and what is left out."""
    found: list[ReadAnswer] = []
    head = b'{"Records":[{"SequenceNumber":"49","Data":"eA==","PartitionKey":"a",'
    for time in (b"1.795514400123E9", b"1795514400", b"1795514400.123456", b"1795514400.1"):
        body = head + b'"ApproximateArrivalTimestamp":' + time + b"}]}"
        for way in WAYS.values():
            with reading(Saying(body), way()) as client:
                found.append(client.get_records("any"))
    assert found[::2] == found[1::2]
    arrivals = [1795514400.123, 1795514400.0, 1795514400.123456, 1795514400.1]
    assert arrivals == [read.records[0].arrival for read in found[::2]]
    assert {(None, 0, 1)} == {(read.next_iterator, read.behind_ms, read.size) for read in found}
