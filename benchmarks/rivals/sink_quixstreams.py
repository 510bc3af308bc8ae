"""The Kinesis sink of Quix Streams, called as its application calls it: add, and flush at a commit.

Values and keys are handed over as they are, as they need no serialising. It has no limit on what
waits; the application's commits are what bounds it, so one comes every 50,000 records here.
"""

from __future__ import annotations

from quixstreams.sinks.community.kinesis import KinesisSink

from benchmarks.records import Pair
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500
COMMIT_RECORDS = 50_000


class QuixWriter:
    """One topic partition of the sink."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._sink = KinesisSink(
            far.stream,
            region_name="us-east-1",
            aws_endpoint_url=far.url,
            value_serializer=lambda body: body,
            key_serializer=lambda key: key,
        )
        self._sink.setup()
        self._handed = 0

    def write(self, batch: list[Pair]) -> None:
        """Add the records one by one."""
        for offset, (key, body) in enumerate(batch, self._handed):
            self._sink.add(body, key, 0, [], "topic", 0, offset)
        self._handed += len(batch)
        if self._handed % COMMIT_RECORDS == 0:
            self.flush()

    def flush(self) -> None:
        """Commit."""
        self._sink.flush()

    def acknowledged(self) -> int:
        """A flush that raises nothing is its word for delivered; it counts nothing itself."""
        return self._handed

    def close(self) -> None:
        """It has nothing to close."""


def get_writer(far: FarEnd) -> QuixWriter:
    """Connect to the far end."""
    return QuixWriter(far)
