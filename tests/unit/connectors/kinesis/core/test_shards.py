"""Which shard a record goes to, against digests from RFC 1321 and listings made by hand."""

from __future__ import annotations

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.answer import Entry
from connectors.kinesis.core.shards import Shard, ShardMap, hash_key

LAST = 2**128 - 1
HALF = 2**127


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        # RFC 1321, appendix A.5
        ("a", 0x0CC175B9C0F1B6A831C399E269772661),
        ("abc", 0x900150983CD24FB0D6963F7D28E17F72),
        ("message digest", 0xF96B697D7CB7938D525A2F31AAF161D0),
        ("é", 0x66DDCD97CFDEABB2F6FB8A999B4BC76F),  # md5sum of its two bytes in UTF-8
    ],
)
def test_a_key_is_hashed_with_md5(key: str, digest: int) -> None:
    """The hash key is the MD5 of the partition key in UTF-8, as a number of 128 bits."""
    assert digest == hash_key(KinesisRecord(b"", key))


def test_an_explicit_hash_key_goes_before_the_partition_key() -> None:
    """It is a decimal number, and used as it is."""
    assert hash_key(KinesisRecord(b"", "a", str(LAST))) == LAST


def at(key: int) -> KinesisRecord:
    """Make a record with this hash key."""
    return KinesisRecord(b"", "k", str(key))


def shards_of(shard_map: ShardMap, *keys: int) -> list[str | None]:
    """Say which shard takes each of these hash keys."""
    return [shard_map.shard_of(at(key)) for key in keys]


def test_both_ends_belong_to_a_range() -> None:
    """Of two shards each takes its first and its last hash key, in any order of the listing."""
    shard_map = ShardMap([Shard("right", HALF, LAST), Shard("left", 0, HALF - 1)])
    assert ["left", "left", "right", "right"] == shards_of(shard_map, 0, HALF - 1, HALF, LAST)
    assert {"left", "right"} == shard_map.ids


def test_a_key_of_a_record_finds_its_shard() -> None:
    """The MD5 of `a` begins with 0, that of `abc` with 9."""
    shard_map = ShardMap([Shard("left", 0, HALF - 1), Shard("right", HALF, LAST)])
    found = [shard_map.shard_of(KinesisRecord(b"", key)) for key in ("a", "abc")]
    assert ["left", "right"] == found


def test_a_split_shard_is_passed_over() -> None:
    """After a split the listing holds parent and children, and the children take the records."""
    shard_map = ShardMap(
        [
            Shard("parent", 0, LAST, is_open=False),
            Shard("child-1", 0, HALF - 1),
            Shard("child-2", HALF, LAST),
        ]
    )
    assert ["child-1", "child-2"] == shards_of(shard_map, HALF - 1, HALF)
    assert {"child-1", "child-2"} == shard_map.ids


def test_merged_shards_are_passed_over() -> None:
    """After a merge the one shard that came of two takes the records of both."""
    shard_map = ShardMap(
        [
            Shard("left", 0, HALF - 1, is_open=False),
            Shard("right", HALF, LAST, is_open=False),
            Shard("both", 0, LAST),
        ]
    )
    assert ["both", "both", "both"] == shards_of(shard_map, 0, HALF, LAST)


def test_a_gap_belongs_to_nobody() -> None:
    """Where a listing has a hole, at either end or between, no shard is made up."""
    shard_map = ShardMap([Shard("low", 10, 19), Shard("high", 30, 39)])
    assert [None, "low", "low", None, None, "high", "high", None] == shards_of(
        shard_map, 9, 10, 19, 20, 29, 30, 39, 40
    )
    assert [None] == shards_of(ShardMap([]), 0)


OPEN_AND_CLOSED = ShardMap(
    [Shard("open", 0, LAST), Shard("closed", 0, LAST, is_open=False)],
)


@pytest.mark.parametrize("entry", [Entry("2", "new"), Entry("2", "closed")])
def test_an_answer_that_names_an_unknown_shard_is_noticed(entry: Entry) -> None:
    """That is how a reshard shows; a shard known as closed is none that takes records."""
    assert OPEN_AND_CLOSED.lacks([Entry("1", "open"), entry])


@pytest.mark.parametrize("entry", [Entry("2", "open"), Entry(error_code="InternalFailure")])
def test_an_answer_that_names_known_shards_only_is_none_of_a_reshard(entry: Entry) -> None:
    """A failed record names no shard, and an empty answer none either."""
    assert not OPEN_AND_CLOSED.lacks([Entry("1", "open"), entry])
    assert not OPEN_AND_CLOSED.lacks([])
