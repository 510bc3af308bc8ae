"""boto3 as a careful programmer uses it in one thread: put_records with 500 records.

What an answer refuses goes to the front of the next request. There is no pause, no order per key,
and nothing that limits how often.
"""

from __future__ import annotations

from typing import Any

import boto3

from benchmarks.records import Pair
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500


class BatchWriter:
    """Sends as soon as a request is full."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._client = boto3.client("kinesis", region_name="us-east-1", endpoint_url=far.url)
        self._stream = far.stream
        self._entries: list[dict[str, Any]] = []
        self._acknowledged = 0

    def write(self, batch: list[Pair]) -> None:
        """Add the records, send what fills requests."""
        self._entries += [{"Data": body, "PartitionKey": key} for key, body in batch]
        while len(self._entries) >= BATCH_RECORDS:
            self._send()

    def flush(self) -> None:
        """Send until nothing is left."""
        while self._entries:
            self._send()

    def acknowledged(self) -> int:
        """Count entries answered without an error."""
        return self._acknowledged

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self) -> None:
        entries, self._entries = self._entries[:BATCH_RECORDS], self._entries[BATCH_RECORDS:]
        answer = self._client.put_records(StreamName=self._stream, Records=entries)
        failed = []
        if answer["FailedRecordCount"]:
            failed = [
                entry
                for entry, result in zip(entries, answer["Records"], strict=True)
                if "ErrorCode" in result
            ]
        self._acknowledged += len(entries) - len(failed)
        self._entries = failed + self._entries


def get_writer(far: FarEnd) -> BatchWriter:
    """Connect to the far end."""
    return BatchWriter(far)
