"""Streams for tests of reading, and clients that read them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.kinesis.core.read_calls import GetShardIterator
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.read_client import ReadClient
from connectors.kinesis.testing.fake import FakeKinesis, Reply
from connectors.kinesis.testing.server import FakeServer
from tests.unit.connectors.kinesis.sessions import any_session, read_client_of, without_events

NAME = "shardId-000000000000"
SHARD = Shard(NAME, 0, 2**128 - 1)
OLDEST = GetShardIterator(SHARD, "TRIM_HORIZON")
ARRIVAL = 1_795_514_400.125
NOW = ARRIVAL + 10


WAYS: dict[str, Callable[[], Any]] = {
    "short": any_session,
    "long": lambda: without_events("before-parse"),
}
"""Sessions whose clients go one of the two ways through botocore."""


@contextmanager
def reading(kinesis: Any, session: Any, **more: Any) -> Iterator[ReadClient]:
    """Have a client of a service."""
    with FakeServer(kinesis, clock=lambda: NOW) as server:
        client = read_client_of(server.url, session=session, **more)
        try:
            yield client
        finally:
            client.close()


def leads(*records: tuple[str, bytes]) -> FakeKinesis:
    """Have the stream, with these records by key, written a quarter of a second apart."""
    fake = FakeKinesis()
    fake.create("leads", now=ARRIVAL).limits_rate = False
    for place, (key, data) in enumerate(records):
        write(fake, key, data, ARRIVAL + place / 4)
    return fake


def write(fake: FakeKinesis, key: str, data: bytes, now: float) -> None:
    """Write a record."""
    entry = {"Data": base64.b64encode(data).decode(), "PartitionKey": key}
    fake.put_records(json.dumps({"StreamName": "leads", "Records": [entry]}).encode(), now)


class Saying:
    """A service that gives every call the same answer."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        """Take the answer."""
        self._reply = Reply(status, body)

    def call(self, operation: str, body: bytes, now: float) -> Reply:
        """Give the answer."""
        del operation, body, now
        return self._reply
