"""PutRecords of the fake stream against the limits in AWS's documentation, typed here again.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html: 1 to 500 records,
10 MiB in all including partition keys; a record is as large as its stream allows, 1 MiB unless
raised.
API_PutRecordsRequestEntry.html: a partition key has 1 to 256 characters.
"""

from __future__ import annotations

import json

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from tests.unit.connectors.kinesis.testing.fake.calls import call, error, put, record

THROTTLE = "ProvisionedThroughputExceededException"


@pytest.fixture
def fake() -> FakeKinesis:
    """A stream of one shard that is never too busy."""
    made = FakeKinesis()
    made.create("leads").limits_rate = False
    return made


def test_an_accepted_record_is_stored_and_acknowledged(fake: FakeKinesis) -> None:
    """The answer holds the shard and a sequence number of 56 digits; the stream holds the rest."""
    entry = put(fake, record(b"hello", "a"), now=7.0)[0]
    assert {"ShardId", "SequenceNumber"} == entry.keys()
    assert "shardId-000000000000" == entry["ShardId"]
    assert 56 == len(entry["SequenceNumber"])
    (kept,) = fake.stored("leads")
    assert ("a", b"hello", 7.0) == (kept.partition_key, kept.data, kept.at)
    assert entry["SequenceNumber"] == kept.sequence_number


def test_sequence_numbers_are_unique_and_grow(fake: FakeKinesis) -> None:
    """They are unique in the stream and greater than those given before."""
    entries = put(fake, *[record()] * 20) + put(fake, *[record()] * 20)
    numbers = [int(entry["SequenceNumber"]) for entry in entries]
    assert 40 == len(set(numbers))
    assert sorted(numbers) == numbers


def test_500_records_are_accepted_and_501_or_none_refused(fake: FakeKinesis) -> None:
    """A request of a wrong length is refused as a whole, and nothing of it stored."""
    for count in (501, 0):
        refused = error(fake, "PutRecords", StreamName="leads", Records=[record()] * count)
        assert "ValidationException" == refused
    assert [] == fake.stored("leads")
    put(fake, *[record()] * 500)
    assert 500 == len(fake.stored("leads"))


def test_a_partition_key_has_1_to_256_characters(fake: FakeKinesis) -> None:
    """Characters count, not bytes."""
    put(fake, record(key="k"), record(key="k" * 256), record(key="é" * 256))
    for key in ("", "k" * 257, "é" * 257):
        refused = error(fake, "PutRecords", StreamName="leads", Records=[record(key=key)])
        assert "ValidationException" == refused


def test_a_refusal_quotes_the_partition_key(fake: FakeKinesis) -> None:
    """As AWS does: whoever repeats its words gives a key away."""
    body = json.dumps({"StreamName": "leads", "Records": [record(key="secret" * 50)]})
    assert b"secretsecret" in fake.call("PutRecords", body.encode(), 0.0).body


def test_the_key_counts_to_the_size_of_a_record(fake: FakeKinesis) -> None:
    """1 MiB holds with the key's bytes, and not with one byte more; é has two."""
    put(fake, record(bytes(1_048_576 - 2), "é"))
    refused = error(
        fake, "PutRecords", StreamName="leads", Records=[record(bytes(1_048_576 - 1), "é")]
    )
    assert "InvalidArgumentException" == refused


def test_one_record_too_large_has_the_whole_request_refused(fake: FakeKinesis) -> None:
    """Its neighbours are not stored."""
    records = [record(b"1"), record(bytes(1_048_577)), record(b"3")]
    refused = error(fake, "PutRecords", StreamName="leads", Records=records)
    assert "InvalidArgumentException" == refused
    assert [] == fake.stored("leads")


def test_a_stream_may_take_records_of_10_mib(fake: FakeKinesis) -> None:
    """UpdateMaxRecordSize raises the limit of one stream up to 10,240 KiB."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/leads"
    call(fake, "UpdateMaxRecordSize", StreamARN=arn, MaxRecordSizeInKiB=10_240)
    put(fake, record(bytes(10_485_760 - 1)))
    for size in (1_023, 10_241):
        refused = error(fake, "UpdateMaxRecordSize", StreamARN=arn, MaxRecordSizeInKiB=size)
        assert "ValidationException" == refused


def test_10_mib_of_data_and_keys_is_a_full_request(fake: FakeKinesis) -> None:
    """Ten records of exactly 1 MiB are accepted; one byte more in an eleventh is too much."""
    full = [record(bytes(1_048_576 - 1), "a")] * 10
    put(fake, *full)
    refused = error(fake, "PutRecords", StreamName="leads", Records=[*full, record(b"", "a")])
    assert "InvalidArgumentException" == refused


@pytest.mark.parametrize(
    ("hash_key", "refused"),
    [
        ("0", None),
        ("340282366920938463463374607431768211455", None),  # 2**128 - 1
        ("340282366920938463463374607431768211456", "InvalidArgumentException"),
        ("-1", "ValidationException"),
        ("01", "ValidationException"),
        ("", "ValidationException"),
        ("ten", "ValidationException"),
    ],
)
def test_an_explicit_hash_key_is_a_decimal_below_2_to_the_128(
    fake: FakeKinesis, hash_key: str, refused: str | None
) -> None:
    """Anything else is refused."""
    if refused is None:
        put(fake, record(hash_key=hash_key))
    else:
        records = [record(hash_key=hash_key)]
        assert refused == error(fake, "PutRecords", StreamName="leads", Records=records)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"StreamName": "leads", "Records": {}}',
        b'{"StreamName": "leads", "Records": [1]}',
        b'{"StreamName": "leads", "Records": [{"Data": 1, "PartitionKey": "a"}]}',
        b'{"StreamName": "leads", "Records": [{"Data": "x", "PartitionKey": "a"}]}',
        b'{"StreamName": "leads", "Records": [{"Data": "e A=", "PartitionKey": "a"}]}',
        b'{"StreamName": "leads", "Records": [{"Data": "eA==", "PartitionKey": "\\ud800"}]}',
        b'{"StreamName": "leads", "Records": [{"Data": "eA==", "PartitionKey": "a", "Key": "b"}]}',
        b'{"StreamName": "leads", "Records": [], "Stream": "leads"}',
    ],
)
def test_what_is_not_the_api_s_json_is_refused(fake: FakeKinesis, body: bytes) -> None:
    """Wrong types, unknown members and loose base64 are found, not guessed at."""
    reply = fake.call("PutRecords", body, 0.0)
    assert (400, "SerializationException") == (reply.status, json.loads(reply.body)["__type"])
    assert [] == fake.stored("leads")


@pytest.mark.parametrize("missing", ["Data", "PartitionKey"])
def test_a_record_needs_data_and_key(fake: FakeKinesis, missing: str) -> None:
    """A record without one of its required members is refused."""
    entry = record()
    del entry[missing]
    refused = error(fake, "PutRecords", StreamName="leads", Records=[entry])
    assert "ValidationException" == refused


def test_a_dry_run_stores_nothing(fake: FakeKinesis) -> None:
    """It ends in an error of its own if the call would have succeeded, else in that call's."""
    members = {"StreamName": "leads", "DryRun": True}
    refused = error(fake, "PutRecords", Records=[record()], **members)
    assert "DryRunOperationException" == refused
    assert "ValidationException" == error(fake, "PutRecords", Records=[], **members)
    assert [] == fake.stored("leads")


def test_chosen_records_fail_and_the_others_are_stored(fake: FakeKinesis) -> None:
    """Each entry stands for its record, and a throttle names account, stream and shard."""
    body = json.dumps({"StreamName": "leads", "Records": [record(b"0"), record(b"1")]}).encode()
    found = json.loads(fake.put_records(body, 0.0, {0}, THROTTLE).body)
    assert 1 == found["FailedRecordCount"]
    assert {
        "ErrorCode": THROTTLE,
        "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream leads under "
        "account 123456789012.",
    } == found["Records"][0]
    assert [b"1"] == [kept.data for kept in fake.stored("leads")]
    failed = json.loads(fake.put_records(body, 0.0, {1}, "InternalFailure").body)["Records"][1]
    assert {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal Service Failure"} == failed


def test_each_request_is_logged_as_it_was_seen(fake: FakeKinesis) -> None:
    """Also one that was refused; what cannot be read brings no records."""
    body = json.dumps({"StreamName": "leads", "Records": [record(b"0"), record(b"1")]}).encode()
    fake.put_records(body, 3.0, {1}, THROTTLE)
    error(fake, "PutRecords", StreamName="nobody", Records=[record(b"2", "b")])
    fake.turn_away(body, 4.0, "reset_before")
    fake.turn_away(b"{", 5.0, "reset_before")
    fake.call("PutRecords", b"{", 6.0)
    both = (("a", b"0"), ("a", b"1"))
    assert [
        (3.0, both, "answered", ("", THROTTLE)),
        (0.0, (("b", b"2"),), "ResourceNotFoundException", ()),
        (4.0, both, "reset_before", ()),
        (5.0, (), "reset_before", ()),
        (6.0, (), "SerializationException", ()),
    ] == [(seen.at, seen.records, seen.outcome, seen.codes) for seen in fake.requests]
