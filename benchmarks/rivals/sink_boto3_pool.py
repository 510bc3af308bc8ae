"""boto3 as a careful programmer uses it with slow answers: put_records(500) in a thread pool.

As many requests are in flight as there are threads; the feeding thread waits for the oldest one
when all are taken. What an answer refuses goes to the front of a later request. There is no pause
and no order per key.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.records import Pair
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500


class PoolWriter:
    """Sends as soon as a request is full and a thread is free."""

    def __init__(self, far: FarEnd) -> None:
        """Connect; each thread has a connection of its own."""
        self._client = boto3.client(
            "kinesis",
            region_name="us-east-1",
            endpoint_url=far.url,
            config=Config(max_pool_connections=far.in_flight),
        )
        self._stream = far.stream
        self._in_flight = far.in_flight
        self._pool = ThreadPoolExecutor(far.in_flight)
        self._asked: deque[Future[list[dict[str, Any]]]] = deque()
        self._entries: list[dict[str, Any]] = []
        self._handed = 0

    def write(self, batch: list[Pair]) -> None:
        """Add the records, hand what fills requests to the pool."""
        self._handed += len(batch)
        self._entries += [{"Data": body, "PartitionKey": key} for key, body in batch]
        while len(self._entries) >= BATCH_RECORDS:
            self._send()

    def flush(self) -> None:
        """Send until nothing is left and nothing is in flight."""
        while self._entries or self._asked:
            if self._entries:
                self._send()
            else:
                self._settle()

    def acknowledged(self) -> int:
        """Count entries answered without an error, once flushed."""
        return self._handed - len(self._entries)

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown()
        self._client.close()

    def _send(self) -> None:
        if len(self._asked) == self._in_flight:
            self._settle()
        entries, self._entries = self._entries[:BATCH_RECORDS], self._entries[BATCH_RECORDS:]
        self._asked.append(self._pool.submit(self._put, entries))

    def _settle(self) -> None:
        """Wait for the oldest request and take back what it did not deliver."""
        self._entries = self._asked.popleft().result() + self._entries

    def _put(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make a request, in a thread of the pool; give the entries that failed."""
        answer = self._client.put_records(StreamName=self._stream, Records=entries)
        if not answer["FailedRecordCount"]:
            return []
        return [
            entry
            for entry, result in zip(entries, answer["Records"], strict=True)
            if "ErrorCode" in result
        ]


def get_writer(far: FarEnd) -> PoolWriter:
    """Connect to the far end."""
    return PoolWriter(far)
