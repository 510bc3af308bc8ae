"""Record sizes against numbers worked out by hand, and every way a record can be impossible.

Rules: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsRequestEntry.html
(partition key 1 to 256 characters; data plus partition key within the record size; explicit hash
key `0|([1-9][0-9]{0,38})`, a 128-bit number) and
https://docs.aws.amazon.com/streams/latest/dev/large-records.html (1 MiB by default).
"""

from __future__ import annotations

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.core.record import record_bytes, refusal


@pytest.mark.parametrize(
    ("data", "key", "size"),
    [
        (b"", "k", 1),
        (b"abc", "key", 6),
        (b"\x00\xff", "k", 3),  # data counts before base64
        (b"abc", "é", 5),  # U+00E9 is two bytes in UTF-8
        (b"abc", "€", 6),  # U+20AC is three
        (b"abc", "😀😀", 11),  # U+1F600 is four
        ("é".encode(), "k", 3),
    ],
)
def test_size_is_data_plus_key_in_utf8(data: bytes, key: str, size: int) -> None:
    """A record's size is its data plus its partition key in UTF-8."""
    assert size == record_bytes(KinesisRecord(data, key))


def test_the_explicit_hash_key_has_no_size() -> None:
    """The explicit hash key does not count towards the limit."""
    assert record_bytes(KinesisRecord(b"abc", "key", "123456789")) == 6


@pytest.mark.parametrize(
    "record",
    [
        KinesisRecord(b"", "k"),
        KinesisRecord(bytes(1_048_575), "k"),
        KinesisRecord(bytes(1_048_574), "é"),
        KinesisRecord(b"x", "k" * 256),
        KinesisRecord(b"x", "é" * 256),  # 512 bytes, but 256 characters
        KinesisRecord(b"x", "k", "0"),
        KinesisRecord(b"x", "k", "340282366920938463463374607431768211455"),  # 2**128 - 1
    ],
)
def test_a_record_at_the_limit_is_acceptable(record: KinesisRecord) -> None:
    """Limits belong to what is allowed."""
    assert refusal(record) is None


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        (KinesisRecord(bytes(1_048_576), "k"), "have 1048577 bytes, more than 1048576"),
        (KinesisRecord(bytes(1_048_575), "é"), "have 1048577 bytes, more than 1048576"),
        (KinesisRecord(b"x", ""), "the partition key is empty"),
        (KinesisRecord(b"x", "k" * 257), "has 257 characters, more than 256"),
        (KinesisRecord(b"x", "\ud83d"), "not valid Unicode"),
        (KinesisRecord(b"x", "k", ""), "explicit hash key"),
        (KinesisRecord(b"x", "k", "01"), "explicit hash key"),
        (KinesisRecord(b"x", "k", "-1"), "explicit hash key"),
        (KinesisRecord(b"x", "k", "1\n"), "explicit hash key"),
        (KinesisRecord(b"x", "k", "\u0661"), "explicit hash key"),  # a digit, but not ASCII
        (KinesisRecord(b"x", "k", "340282366920938463463374607431768211456"), "explicit hash key"),
        (KinesisRecord(b"x", "k", "1" * 40), "explicit hash key"),
    ],
)
def test_a_record_past_a_limit_is_refused_with_the_cause(record: KinesisRecord, cause: str) -> None:
    """The cause names what is wrong and by how much."""
    assert cause in (refusal(record) or "")


def test_a_refusal_quotes_neither_key_nor_data() -> None:
    """Causes are shown and logged, so they hold no personal data."""
    canary = "canary@example.com"
    records = [
        KinesisRecord(canary.encode() * 100_000, canary),
        KinesisRecord(b"x", canary * 100),
        KinesisRecord(b"x", "k", canary),
    ]
    assert [False] * 3 == [canary in (refusal(record) or canary) for record in records]
