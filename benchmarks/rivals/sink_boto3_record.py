"""boto3 as the first page of a tutorial uses it: put_record, one call a record."""

from __future__ import annotations

import boto3

from benchmarks.records import Pair
from benchmarks.writer import FarEnd

BATCH_RECORDS = 10


class RecordWriter:
    """Sends each record at once; botocore tries again by itself."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._client = boto3.client("kinesis", region_name="us-east-1", endpoint_url=far.url)
        self._stream = far.stream
        self._acknowledged = 0

    def write(self, batch: list[Pair]) -> None:
        """Send the records."""
        for key, body in batch:
            self._client.put_record(StreamName=self._stream, Data=body, PartitionKey=key)
            self._acknowledged += 1

    def flush(self) -> None:
        """Nothing waits."""

    def acknowledged(self) -> int:
        """Count the calls that raised nothing."""
        return self._acknowledged

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def get_writer(far: FarEnd) -> RecordWriter:
    """Connect to the far end."""
    return RecordWriter(far)
