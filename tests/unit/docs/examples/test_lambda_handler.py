"""The Lambda handler of the documentation takes what the real job sends, once and in order."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from docs.examples import lambda_handler
from docs.examples.lambda_handler import TryAgainError, handler
from tests.support.folder import Folder, fragment, message
from tests.support.streams import REGION, Stream

CONTEXT = object()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test starts without profiles; none is left behind."""
    yield
    lambda_handler.PROFILES.clear()
    lambda_handler.SEEN.clear()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what is kept, in order, as it is kept."""
    kept: list[str] = []

    class Kept(dict[str, Any]):
        def __setitem__(self, person: str, message: dict[str, Any]) -> None:
            kept.append(json.dumps(message, separators=(",", ":")))
            super().__setitem__(person, message)

    monkeypatch.setattr(lambda_handler, "PROFILES", Kept())
    return kept


def events(stream: Stream) -> dict[str, Any]:
    """Read the stream with boto3, and give it as Lambda hands it over."""
    client: Any = boto3.Session("any", "any", region_name=REGION).client(
        "kinesis", endpoint_url=stream.url
    )
    records = []
    shards = client.list_shards(StreamName=stream.name)["Shards"]
    for shard in [each["ShardId"] for each in shards]:
        iterator = client.get_shard_iterator(
            StreamName=stream.name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records += [
            event(shard, found) for found in client.get_records(ShardIterator=iterator)["Records"]
        ]
    client.close()
    return {"Records": records}


def event(shard: str, found: dict[str, Any]) -> dict[str, Any]:
    """Shape a record as https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html shows it."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": found["PartitionKey"],
            "sequenceNumber": found["SequenceNumber"],
            "data": base64.b64encode(found["Data"]).decode(),
            "approximateArrivalTimestamp": found["ApproximateArrivalTimestamp"].timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{found['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/receiver",
        "awsRegion": REGION,
        "eventSourceARN": f"arn:aws:kinesis:{REGION}:123456789012:stream/leads",
    }


def deliver(folder: Folder, stream: Stream, *options: str) -> None:
    """Run the job to its end."""
    assert 0 == folder.run("run", *stream.options, "--set", "message.metadata=true", *options).code


def test_each_message_is_taken_once_and_in_order(
    folder: Folder, stream: Stream, taken: list[str]
) -> None:
    """All were sent twice; the second ones are known by their ids."""
    folder.add(fragment("c1", tier="gold", status="realized"), fragment("c1", tier="silver"))
    deliver(folder, stream)
    deliver(folder, stream, "--fresh")
    found = events(stream)
    assert 4 == len(found["Records"])
    assert {"batchItemFailures": []} == handler(found, CONTEXT)
    assert [message("c1", "gold"), message("c1", "silver")] == taken


def test_what_cannot_be_taken_now_comes_again_with_all_after_it(
    folder: Folder, stream: Stream, monkeypatch: pytest.MonkeyPatch, taken: list[str]
) -> None:
    """Lambda goes on at the sequence number answered, so order is kept through a trouble."""
    folder.add(*(fragment("c1", tier=tier, status="realized") for tier in ("a", "b", "c")))
    deliver(folder, stream)
    found = events(stream)
    take, troubles = lambda_handler.take, iter([False, True])

    def take_or_fail(person: str, body: dict[str, Any]) -> None:
        if next(troubles, False):
            raise TryAgainError
        take(person, body)

    monkeypatch.setattr(lambda_handler, "take", take_or_fail)
    second = found["Records"][1]["kinesis"]["sequenceNumber"]
    assert {"batchItemFailures": [{"itemIdentifier": second}]} == handler(found, CONTEXT)
    assert [message("c1", "a")] == taken
    assert {"batchItemFailures": []} == handler({"Records": found["Records"][1:]}, CONTEXT)
    assert [message("c1", tier) for tier in "abc"] == taken


def test_without_metadata_the_last_message_wins(
    folder: Folder, stream: Stream, taken: list[str]
) -> None:
    """Each message carries the whole: taking some again ends at the same profile."""
    folder.add(fragment("c1", tier="gold", status="realized"), fragment("c1", tier="silver"))
    for fresh in ((), ("--fresh",)):
        deliver(folder, stream, "--set", "message.metadata=false", *fresh)
    assert {"batchItemFailures": []} == handler(events(stream), CONTEXT)
    assert 4 == len(taken)
    (profile,) = lambda_handler.PROFILES.values()
    assert json.loads(message("c1", "silver")) == profile
