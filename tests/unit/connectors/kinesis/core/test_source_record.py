"""A record that was read."""

from __future__ import annotations

import msgspec

from connectors.kinesis.core.source_record import KinesisSourceRecord

ANSWER = b"""{"Data": "aGVsbG8=", "PartitionKey": "ann@example.com", "SequenceNumber": "4957",
 "ApproximateArrivalTimestamp": 1441215410.867, "EncryptionType": "NONE"}"""


def test_it_decodes_out_of_an_answer() -> None:
    """The names are those of the API, base64 is undone, members that are not needed are left."""
    expected = KinesisSourceRecord(b"hello", "ann@example.com", "4957", 1441215410.867)
    assert expected == msgspec.json.decode(ANSWER, type=KinesisSourceRecord)


def test_whole_seconds_are_a_time_too() -> None:
    """JSON writes them without a fraction."""
    found = msgspec.json.decode(ANSWER.replace(b".867", b""), type=KinesisSourceRecord)
    assert 1441215410.0 == found.arrival


def test_printed_it_says_where_it_stands_only() -> None:
    """Neither what it holds nor its key can get into a log."""
    record = KinesisSourceRecord(b"secret", "ann@example.com", "4957", 1.0, 3, "shardId-1", 7)
    assert "KinesisSourceRecord(shardId-1, 4957.3, 6 bytes)" == repr(record)
    assert "KinesisSourceRecord(?, 1, 0 bytes)" == repr(KinesisSourceRecord(b"", "k", "1", 1.0))
