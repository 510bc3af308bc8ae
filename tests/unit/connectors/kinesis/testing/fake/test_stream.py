"""Routing, rates and resharding of the fake stream, as AWS documents them.

Hashes are those of RFC 1321's own test suite (A.5), so that no MD5 of ours is needed here.
"""

from __future__ import annotations

import pytest

from connectors.kinesis.testing.fake import FakeKinesis, FakeStream
from tests.unit.connectors.kinesis.testing.fake.calls import call, codes, error, put, record

THROTTLE = "ProvisionedThroughputExceededException"
RFC_1321 = {
    "a": "0cc175b9c0f1b6a831c399e269772661",
    "12345678901234567890" * 4: "57edf4a22be3c955ac49da2e2107b67a",
    "abc": "900150983cd24fb0d6963f7d28e17f72",
    "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
}
MIDDLE = 2**127


@pytest.fixture
def fake() -> FakeKinesis:
    """A service without streams."""
    return FakeKinesis()


def shards_of(stream: FakeStream) -> list[tuple[str, str]]:
    """Key and shard number of each record, in the order they were accepted."""
    return [(kept.partition_key, kept.shard_id[-1]) for kept in stream.stored]


def test_a_key_goes_to_the_shard_of_its_md5(fake: FakeKinesis) -> None:
    """With four shards the first two bits of the hash are the shard's number."""
    stream = fake.create("leads", shards=4)
    put(fake, *[record(key=key) for key in RFC_1321])
    assert ["0", "1", "2", "3"] == [shard for _, shard in shards_of(stream)]


def test_an_explicit_hash_key_comes_before_the_partition_key(fake: FakeKinesis) -> None:
    """Shards meet in the middle of the range: its last key is one's, its first the other's."""
    stream = fake.create("leads", shards=2)
    put(fake, *[record(key="a", hash_key=str(MIDDLE - 1 + more)) for more in (0, 1)])
    put(fake, record(key="abc", hash_key="0"))
    assert [("a", "0"), ("a", "1"), ("abc", "0")] == shards_of(stream)


def test_a_stream_may_ignore_keys(fake: FakeKinesis) -> None:
    """The distribution strategy AUTO spreads the records of one key."""
    mode = {"StreamMode": "ON_DEMAND"}
    strategy = {"RecordDistributionStrategy": "AUTO"}
    call(fake, "CreateStream", StreamName="leads", StreamModeDetails=mode, **strategy)
    put(fake, *[record(key="a")] * 4)
    assert {"0", "1", "2", "3"} == {shard for _, shard in shards_of(fake.streams["leads"])}


def test_a_shard_takes_1000_records_a_second(fake: FakeKinesis) -> None:
    """A second's worth at once, then no more until time has passed; 1 ms brings one back."""
    fake.create("leads")
    for _ in range(2):
        assert [""] * 500 == codes(fake, *[record()] * 500)
    assert [THROTTLE] == codes(fake, record())
    assert ["", THROTTLE] == codes(fake, record(), record(), now=0.0015)


def test_a_shard_takes_1_mib_a_second(fake: FakeKinesis) -> None:
    """Keys count; a small record may get through where a large one does not."""
    fake.create("leads")
    large, small = record(bytes(1_048_576 - 11), "a"), record(bytes(9), "a")
    assert ["", THROTTLE, ""] == codes(fake, large, large, small)
    assert [THROTTLE] == codes(fake, record(b"", "a"))
    assert [""] == codes(fake, large, now=1.0)


def test_a_shard_bursts_for_a_large_record_and_pays_back(fake: FakeKinesis) -> None:
    """A record of 3 MiB is taken by a rested shard, which then needs more than two seconds."""
    fake.create("leads").record_bytes_max = 10 * 1_048_576
    assert [""] == codes(fake, record(bytes(3 * 1_048_576 - 1)))
    assert [THROTTLE] == codes(fake, record(), now=2.0)
    assert [""] == codes(fake, record(), now=2.1)


def test_a_busy_shard_leaves_the_others_alone(fake: FakeKinesis) -> None:
    """A shard at a hundredth of its rate throttles its own keys only."""
    stream = fake.create("leads", shards=2)
    stream.set_rate("shardId-000000000000", 0.01)
    found = codes(fake, *[record(key="a"), record(key="abc")] * 11)
    assert ["", ""] * 10 + [THROTTLE, ""] == found
    stream.set_rate("shardId-000000000001", 0)
    assert ["", THROTTLE] == codes(fake, record(key="a"), record(key="abc"), now=60.0)


def test_rates_can_be_left_out(fake: FakeKinesis) -> None:
    """A stream without rates takes anything at once."""
    fake.create("leads").limits_rate = False
    for _ in range(4):
        assert [""] * 500 == codes(fake, *[record()] * 500)


def test_a_split_closes_the_parent_and_opens_two(fake: FakeKinesis) -> None:
    """The parent keeps its records and takes no more; the ranges meet at the new key."""
    stream = fake.create("leads")
    put(fake, record(key="a"), record(key="abc"))
    call(
        fake,
        "SplitShard",
        StreamName="leads",
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=str(MIDDLE),
    )
    put(fake, record(key="a"), record(key="abc"))
    assert [("a", "0"), ("abc", "0"), ("a", "1"), ("abc", "2")] == shards_of(stream)
    parent, low, high = stream.shards
    assert [0, MIDDLE - 1, MIDDLE, 2**128 - 1] == [low.first, low.last, high.first, high.last]
    assert parent.ended is not None
    assert parent.stored[-1].sequence_number < parent.ended < low.stored[0].sequence_number
    assert ((), (parent.id,), (parent.id,)) == tuple(shard.parents for shard in stream.shards)


def test_a_merge_closes_two_neighbours_and_opens_one(fake: FakeKinesis) -> None:
    """Both parents keep their records, and their child takes the keys of both."""
    stream = fake.create("leads", shards=3)
    ids = [shard.id for shard in stream.shards]
    members = {"ShardToMerge": ids[1], "AdjacentShardToMerge": ids[0]}
    put(fake, record(key="a"), record(key="abc"))
    call(fake, "MergeShards", StreamName="leads", **members)
    put(fake, record(key="a"), record(key="abc"))
    assert [("a", "0"), ("abc", "1"), ("a", "3"), ("abc", "3")] == shards_of(stream)
    assert (ids[1], ids[0]) == stream.shards[3].parents
    assert [ids[2], stream.shards[3].id] == sorted(shard.id for shard in stream.open_shards)


def test_a_reshard_that_makes_no_sense_is_refused(fake: FakeKinesis) -> None:
    """A closed shard, a key outside the shard, and shards that are not neighbours."""
    stream = fake.create("leads", shards=3)
    first, second, third = [shard.id for shard in stream.shards]

    def split(shard: str, key: int) -> str:
        members = {"ShardToSplit": shard, "NewStartingHashKey": str(key)}
        return error(fake, "SplitShard", StreamName="leads", **members)

    def merge(shard: str, adjacent: str) -> str:
        members = {"ShardToMerge": shard, "AdjacentShardToMerge": adjacent}
        return error(fake, "MergeShards", StreamName="leads", **members)

    assert "InvalidArgumentException" == split(first, 0)
    assert "InvalidArgumentException" == split(first, MIDDLE)
    assert "InvalidArgumentException" == merge(first, third)
    assert "InvalidArgumentException" == merge(first, first)
    stream.merge(first, second, 0.0)
    assert "InvalidArgumentException" == split(first, 1)
    assert "ResourceNotFoundException" == split("shardId-000000000009", 1)
