"""Bodies of PutRecords against JSON typed by hand.

Shapes: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html. Base64 of the
bytes is from RFC 4648, section 10.
"""

from __future__ import annotations

import pytest

from connectors.kinesis import KinesisRecord
from connectors.kinesis.codec import UnreadableAnswer, decode_entries, encode_records
from connectors.kinesis.core.answer import Entry


def test_a_request_names_the_stream_and_holds_the_records_in_order() -> None:
    """Data is base64; keys are text; what a record does not have is left out."""
    body = encode_records(
        [
            KinesisRecord(b"foobar", "a"),
            KinesisRecord(b"", "é\n", "7", replaceable=True),
        ],
        {"StreamName": "leads"},
    )
    assert body.decode() == (
        '{"StreamName":"leads","Records":[{"Data":"Zm9vYmFy","PartitionKey":"a"},'
        '{"Data":"","PartitionKey":"é\\n","ExplicitHashKey":"7"}]}'
    )


def test_a_stream_can_be_named_by_its_arn() -> None:
    """The member is another one then."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/leads"
    assert (
        encode_records([], {"StreamARN": arn}).decode() == f'{{"StreamARN":"{arn}","Records":[]}}'
    )


def test_data_may_hold_any_bytes() -> None:
    """The alphabet of base64 is the standard one, with padding."""
    body = encode_records([KinesisRecord(b"\xfb\xff\xfe\x00", "a")], {})
    assert body == b'{"Records":[{"Data":"+//+AA==","PartitionKey":"a"}]}'


def test_entries_are_read_in_order_and_unknown_members_passed_over() -> None:
    """What the service adds one day does no harm."""
    body = (
        b'{"EncryptionType":"KMS","FailedRecordCount":7,"Records":['
        b'{"SequenceNumber":"49","ShardId":"shardId-000000000000","New":[1]},'
        b'{"ErrorCode":"InternalFailure","ErrorMessage":"Internal Service Failure"},{}],"New":{}}'
    )
    assert decode_entries(body) == [
        Entry("49", "shardId-000000000000"),
        Entry(error_code="InternalFailure", error_message="Internal Service Failure"),
        Entry(),
    ]


@pytest.mark.parametrize("body", [b"{}", b'{"Records":[]}', b'{"FailedRecordCount":0}'])
def test_an_answer_may_have_no_entries(body: bytes) -> None:
    """Whether that is enough, the caller knows."""
    assert decode_entries(body) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"Records":null}',
        b'{"Records":[null]}',
        b'{"Records":["49"]}',
        b'{"Records":[{"SequenceNumber":49}]}',
        b'{"Records":[{"SequenceNumber":"49"',
        b'{"Records":[{"SequenceNumber":"\xff"}]}',
        b'{"Records":[]} {"Records":[]}',
    ],
)
def test_what_is_no_answer_is_said_to_be_none(body: bytes) -> None:
    """A number where text belongs, a part of an answer, or no JSON at all."""
    with pytest.raises(UnreadableAnswer):
        decode_entries(body)


def test_what_cannot_be_read_is_not_quoted() -> None:
    """An answer may hold a partition key."""
    with pytest.raises(UnreadableAnswer) as caught:
        decode_entries(b'{"Records":"canary"}')
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
