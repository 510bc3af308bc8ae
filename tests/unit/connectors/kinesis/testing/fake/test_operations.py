"""Making, naming and describing the fake's streams."""

from __future__ import annotations

import json

import pytest

from connectors.kinesis.testing.fake import FakeKinesis
from tests.unit.connectors.kinesis.testing.fake.calls import call, error, record

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/leads"


@pytest.fixture
def fake() -> FakeKinesis:
    """A service with one stream."""
    made = FakeKinesis()
    call(made, "CreateStream", 1_700_000_000.0, StreamName="leads", ShardCount=2)
    return made


def test_a_summary_says_what_a_writer_must_know(fake: FakeKinesis) -> None:
    """Status, mode, open shards and the largest record."""
    fake.streams["leads"].split("shardId-000000000000", 1, 0.0)
    found = call(fake, "DescribeStreamSummary", StreamName="leads")["StreamDescriptionSummary"]
    assert {
        "StreamName": "leads",
        "StreamARN": ARN,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": 1_700_000_000.0,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 3,
        "ConsumerCount": 0,
        "MaxRecordSizeInKiB": 1024,
    } == found


def test_an_on_demand_stream_starts_with_four_shards(fake: FakeKinesis) -> None:
    """Its summary also names how records are spread over them."""
    call(
        fake,
        "CreateStream",
        StreamName="free",
        StreamModeDetails={"StreamMode": "ON_DEMAND"},
        MaxRecordSizeInKiB=2048,
    )
    found = call(fake, "DescribeStreamSummary", StreamName="free")["StreamDescriptionSummary"]
    assert (4, 2048) == (found["OpenShardCount"], found["MaxRecordSizeInKiB"])
    assert "ON_DEMAND" == found["StreamModeDetails"]["StreamMode"]
    assert "USER_PARTITION_KEY" == found["RecordDistributionStrategy"]


@pytest.mark.parametrize(
    "target",
    [{"StreamName": "leads"}, {"StreamARN": ARN}, {"StreamName": "leads", "StreamARN": ARN}],
)
def test_a_stream_is_named_by_name_or_arn(fake: FakeKinesis, target: dict[str, str]) -> None:
    """Either names the stream, and both may."""
    call(fake, "PutRecords", Records=[record()], **target)
    assert 1 == len(fake.stored("leads"))


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ({}, "InvalidArgumentException"),
        ({"StreamName": "nobody"}, "ResourceNotFoundException"),
        ({"StreamARN": ARN.replace("leads", "nobody")}, "ResourceNotFoundException"),
        ({"StreamARN": ARN.replace("east", "west")}, "ResourceNotFoundException"),
        ({"StreamName": "other", "StreamARN": ARN}, "ResourceNotFoundException"),
    ],
)
def test_a_stream_that_is_not_there_is_not_found(
    fake: FakeKinesis, target: dict[str, str], refused: str
) -> None:
    """Also if it is in another region, or name and ARN differ."""
    assert refused == error(fake, "PutRecords", Records=[record()], **target)


def test_a_stream_is_made_once_and_can_go(fake: FakeKinesis) -> None:
    """A second one of its name is refused, and after its end nobody knows it."""
    assert "ResourceInUseException" == error(fake, "CreateStream", StreamName="leads", ShardCount=1)
    assert "InvalidArgumentException" == error(fake, "CreateStream", StreamName="new")
    call(fake, "DeleteStream", StreamName="leads")
    assert "ResourceNotFoundException" == error(fake, "ListShards", StreamName="leads")


def test_an_operation_that_does_not_exist_is_refused(fake: FakeKinesis) -> None:
    """A misspelt call is not an empty success."""
    reply = fake.call("PutRecordz", b"{}", 0.0)
    assert (400, "UnknownOperationException") == (reply.status, json.loads(reply.body)["__type"])


def test_a_shard_count_is_doubled_and_halved(fake: FakeKinesis) -> None:
    """Each shard is split in halves, or merged with its neighbour; the answer says the counts."""
    target = {"StreamName": "leads", "ScalingType": "UNIFORM_SCALING"}
    before = len(fake.streams["leads"].open_shards)
    answer = call(fake, "UpdateShardCount", TargetShardCount=2 * before, **target)
    assert {
        "StreamName": "leads",
        "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/leads",
        "CurrentShardCount": before,
        "TargetShardCount": 2 * before,
    } == answer
    firsts = [shard.first for shard in fake.streams["leads"].open_shards]
    assert [place * 2**128 // (2 * before) for place in range(2 * before)] == firsts
    call(fake, "UpdateShardCount", TargetShardCount=before, **target)
    assert before == len(fake.streams["leads"].open_shards)


@pytest.mark.parametrize(
    ("members", "refused"),
    [
        ({"TargetShardCount": 3}, "InvalidArgumentException"),
        ({"TargetShardCount": 2, "ScalingType": "OTHER"}, "ValidationException"),
        ({}, "ValidationException"),
    ],
)
def test_another_shard_count_is_refused(
    fake: FakeKinesis, members: dict[str, object], refused: str
) -> None:
    """Neither twice nor half, no such type, no target."""
    known = {"StreamName": "leads", "ScalingType": "UNIFORM_SCALING"}
    assert refused == error(fake, "UpdateShardCount", **{**known, **members})
