"""KPL aggregates: opened whole and in order, and what is none is passed on as it came."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinesis.core.aggregates import Opened, open_aggregates
from connectors.kinesis.core.source_record import KinesisSourceRecord
from tests.support.aggregated import (
    Inner,
    aggregate,
    field,
    number,
    sealed,
    varint,
)

ALL = (0, 2**128 - 1)

# The format's document by hand: two keys, one explicit hash key, two records, the second with the
# explicit hash key.
BY_HAND = sealed(
    b"\x0a\x01a\x0a\x01b"  # partition_key_table: a, b
    b"\x12\x0242"  # explicit_hash_key_table: 42
    b"\x1a\x07\x08\x00\x1a\x03one"  # records: key 0, data "one"
    b"\x1a\x09\x08\x01\x10\x00\x1a\x03two"  # records: key 1, hash key 0, data "two"
)


def plain(data: bytes, sequence_number: str = "7") -> KinesisSourceRecord:
    """Give a record as GetRecords brings it."""
    return KinesisSourceRecord(data, "a", sequence_number, 1_700_000_000.123)


def opened(
    *data: bytes,
    shard: tuple[int, int] = ALL,
    out_of_range: Literal["keep", "drop"] = "keep",
) -> tuple[list[tuple[str, bytes, int]], Opened]:
    """Open records with this data; give (partition key, data, place) of what comes, and counts."""
    records, counts = open_aggregates([plain(each) for each in data], *shard, out_of_range)
    return [(r.partition_key, r.data, r.sub_sequence_number) for r in records], counts


def test_plain_records_are_the_same_list() -> None:
    """Where nothing is aggregated nothing is made anew, an empty answer included."""
    for records in ([], [plain(b""), plain(b"{}"), plain(b"\xf3\x89\x9a")]):
        result, counts = open_aggregates(records, *ALL)
        assert records is result
        assert Opened(aggregates=0, corrupt=0, out_of_range=0) == counts


def test_an_aggregate_is_opened_in_its_place() -> None:
    """Its records come between its neighbours, each with its own key and data, in order."""
    assert (
        [("a", b"{}", 0), ("a", b"one", 0), ("b", b"two", 1), ("a", b"[]", 0)],
        Opened(aggregates=1, corrupt=0, out_of_range=0),
    ) == opened(b"{}", BY_HAND, b"[]")


def test_the_records_stand_where_the_aggregate_stood() -> None:
    """Sequence number, arrival and shard are those of the record that carried them."""
    carrier = plain(BY_HAND, "4957")
    carrier.shard_id = "shardId-000000000003"
    records, _ = open_aggregates([carrier], *ALL)
    assert [("4957", 1_700_000_000.123, "shardId-000000000003")] * 2 == [
        (r.sequence_number, r.arrival, r.shard_id) for r in records
    ]


@given(
    st.lists(
        st.builds(
            Inner,
            partition_key=st.text(st.characters(exclude_categories=["Cs"]), max_size=256),
            data=st.binary(max_size=300),
            explicit_hash_key=st.none() | st.integers(*ALL).map(str),
        ),
        min_size=1,
        max_size=200,
    )
)
def test_every_aggregate_is_opened_whole(records: list[Inner]) -> None:
    """What a writer put in comes out, whatever keys and data."""
    expected = [(r.partition_key, r.data, place) for place, r in enumerate(records)]
    assert (expected, Opened(aggregates=1)) == opened(aggregate(records))


def test_the_tables_may_come_after_the_records_and_be_shared() -> None:
    """Protobuf promises no order of fields, and several records may point to one key."""
    record = field(3, field(3, b"x") + number(1, 0))
    assert [("k", b"x", 0), ("k", b"x", 1)] == opened(sealed(record * 2 + field(1, b"k")))[0]


def test_unknown_fields_are_passed_over() -> None:
    """Tags, and fields of each wire type that some later version may add."""
    unknown = (
        number(9, 2**64 - 1)
        + varint(10 << 3 | 1)
        + bytes(8)
        + varint(11 << 3 | 5)
        + bytes(4)
        + field(4_000, b"more")
        + field(1 << 20, b"")
    )
    tag = field(4, field(1, b"name") + field(2, b"value"))
    record = field(3, unknown + number(1, 0) + tag + field(3, b"x"))
    assert [("k", b"x", 0)] == opened(sealed(unknown + field(1, b"k") + record + unknown))[0]


def test_a_known_number_of_another_type_is_an_unknown_field() -> None:
    """As every reader of protobuf has it: the type is part of what names a field."""
    message = field(1, b"k") + number(1, 5) + field(3, number(1, 0) + number(3, 1) + field(3, b"x"))
    assert [("k", b"x", 0)] == opened(sealed(message))[0]


def test_an_aggregate_of_nothing_yields_nothing() -> None:
    """Keys without records are a whole message that holds none."""
    assert ([], Opened(aggregates=1)) == opened(sealed(field(1, b"k")))


@pytest.mark.parametrize(
    "data",
    [
        b"\xf3\x89\x9a\xc2",
        b"\xf3\x89\x9a\xc2" + bytes(15),
        sealed(b""),
        BY_HAND[:-1] + bytes([BY_HAND[-1] ^ 1]),
        BY_HAND[:4] + b"\x0a\x01x" + BY_HAND[7:],
        BY_HAND[:-3],
        sealed(b"\x0a\x05abc"),
        sealed(b"\x0a"),
        sealed(b"\x80" * 11 + b"\x01"),
        sealed(b"\x09" + bytes(7)),
        sealed(b"\x0b\x0c"),
        sealed(field(1, b"\xff") + field(3, number(1, 0) + field(3, b"x"))),
        sealed(field(1, b"k") + field(3, number(1, 1) + field(3, b"x"))),
        sealed(field(1, b"k") + field(3, number(1, 2**64 - 1) + field(3, b"x"))),
        sealed(field(1, b"k") + field(3, number(1, 0) + number(2, 0) + field(3, b"x"))),
        sealed(field(1, b"k") + field(3, field(3, b"x"))),
        sealed(field(1, b"k") + field(3, number(1, 0))),
        sealed(field(1, b"k") + field(2, b"4x") + field(3, number(1, 0) + field(3, b"x"))),
        sealed(field(1, b"k") + field(2, b"9" * 5_000) + field(3, number(1, 0) + field(3, b"x"))),
    ],
    ids=[
        "magic alone",
        "short of a digest",
        "no message",
        "digest wrong",
        "message changed",
        "cut",
        "field cut",
        "length missing",
        "number too long",
        "fixed field cut",
        "a group",
        "key not UTF-8",
        "no such key",
        "place past any table",
        "no such hash key",
        "record without key",
        "record without data",
        "hash key no number",
        "hash key of 5,000 digits",
    ],
)
def test_what_is_no_aggregate_is_passed_on_as_it_came(data: bytes) -> None:
    """It is counted, its bytes and key stay, and its neighbours are not touched."""
    assert (
        [("a", b"{}", 0), ("a", data, 0), ("a", b"one", 0), ("b", b"two", 1)],
        Opened(aggregates=1, corrupt=1, out_of_range=0),
    ) == opened(b"{}", data, BY_HAND)


@given(st.binary(max_size=100), st.sampled_from([sealed, b"\xf3\x89\x9a\xc2".__add__]))
def test_no_bytes_behind_the_magic_raise(content: bytes, seal: Callable[[bytes], bytes]) -> None:
    """Whatever stands there is opened or passed on; under a right digest, too."""
    data = seal(content)
    records, counts = opened(data)
    assert 1 == counts.aggregates + counts.corrupt
    assert counts.aggregates or [("a", data, 0)] == records


@given(st.data())
def test_no_change_to_a_message_raises(data: st.DataObject) -> None:
    """One byte of a right message is another one, under a right digest."""
    message = bytearray(BY_HAND[4:-16])
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    _, counts = opened(sealed(bytes(message)))
    assert 1 == counts.aggregates + counts.corrupt


def test_a_record_outside_the_range_goes_alone() -> None:
    """Only it is counted and, if asked for, dropped; the others keep their places."""
    middle = 2**127
    low, high = "0", str(middle)
    data = aggregate([Inner("k", b"1", low), Inner("k", b"2", high), Inner("k", b"3", low)])
    lower = (0, middle - 1)
    counts = Opened(aggregates=1, corrupt=0, out_of_range=1)
    every = [("k", b"1", 0), ("k", b"2", 1), ("k", b"3", 2)]
    assert (every, counts) == opened(data, shard=lower)
    assert ([every[0], every[2]], counts) == opened(data, shard=lower, out_of_range="drop")


def test_both_ends_of_a_range_belong_to_it() -> None:
    """As HashKeyRange of the Kinesis API has it: the ending hash key is the last one."""
    data = aggregate([Inner("k", b"", str(at)) for at in (9, 10, 20, 21)])
    assert [("k", b"", 1), ("k", b"", 2)] == opened(data, shard=(10, 20), out_of_range="drop")[0]


def test_without_an_explicit_hash_key_the_md5_of_the_partition_key_counts() -> None:
    """MD5 of "a" is 0cc1..., of "b" 92eb... (RFC 1321 has the first): lower and upper half."""
    assert "0cc175b9c0f1b6a831c399e269772661" == md5(b"a", usedforsecurity=False).hexdigest()
    data = aggregate([Inner("a", b"1"), Inner("b", b"2"), Inner("b", b"3", "0")])
    lower = (0, 2**127 - 1)
    assert [("a", b"1", 0), ("b", b"3", 2)] == opened(data, shard=lower, out_of_range="drop")[0]


def test_a_shard_of_one_hash_key_holds_it() -> None:
    """Both ends belong to the range for the MD5 of a partition key, too."""
    only = 0x0CC175B9C0F1B6A831C399E269772661
    data = aggregate([Inner("a", b"1"), Inner("b", b"2")])
    assert [("a", b"1", 0)] == opened(data, shard=(only, only), out_of_range="drop")[0]
