"""The source against moto over HTTP, which nobody of this project wrote.

Of moto only this is used: it routes by MD5 of the partition key, numbers the records of a shard
1, 2, 3, and gives them back in that order, from a place or from the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from connectors.kinesis import KinesisSource, KinesisSourceRecord
from connectors.kinesis.testing.emulator import Emulator
from tests.support.waiting import wait_until

KEYS = [f"profile-{number}" for number in range(200)]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One emulator for all tests of this file."""
    with Emulator(stream="leads", shards=1) as running:
        yield running


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Iterator[Any]:
    """A client of boto3's own."""
    session = boto3.Session("any", "any", region_name="us-east-1")
    made = session.client("kinesis", endpoint_url=emulator.url)
    yield made
    made.close()


def put(client: Any, stream: str, data: bytes) -> None:
    """Write a record of each key."""
    records = [{"Data": data, "PartitionKey": key} for key in KEYS]
    client.put_records(StreamName=stream, Records=records)


def read(parts: list[Any], count: int) -> list[KinesisSourceRecord]:
    """Ask all slots until so many records came."""
    found: list[KinesisSourceRecord] = []

    def look() -> bool:
        found.extend(r for part in parts for records in part.next_batch() for r in records)
        return len(found) >= count

    wait_until(look)
    return found


@pytest.mark.parametrize("by", ["StreamName", "StreamARN"])
def test_a_stream_is_read_and_gone_on_with(emulator: Emulator, client: Any, by: str) -> None:
    """By its name or its ARN, from the first record, and then from where it was."""
    stream = f"by-{by}"
    client.create_stream(StreamName=stream, ShardCount=4)
    put(client, stream, b"first")
    described = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    session = boto3.Session("any", "any", region_name="us-east-1")
    source = KinesisSource(described[by], endpoint_url=emulator.url, session=session)
    parts = [source.build_part("in", name, None) for name in source.list_parts()]
    before = read(parts, len(KEYS))
    states = [part.snapshot() for part in parts]
    for part in parts:
        part.close()
    assert sorted(KEYS) == sorted(record.partition_key for record in before)
    put(client, stream, b"second")
    parts = [
        source.build_part("in", name, state)
        for name, state in zip(source.list_parts(), states, strict=True)
    ]
    after = read(parts, len(KEYS))
    for part in parts:
        part.close()
    assert [(key, b"second") for key in sorted(KEYS)] == sorted(
        (record.partition_key, record.data) for record in after
    )
    for shard in {record.shard_id for record in after}:
        ordinals = [record.ordinal for record in before + after if record.shard_id == shard]
        assert list(range(len(ordinals))) == ordinals
