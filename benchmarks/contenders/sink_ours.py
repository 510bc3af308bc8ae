"""This project's sink, called as Bytewax calls it: `write_batch`, and `snapshot` at an epoch's end.

All that it promises is on: order per key, the answer checked entry by entry, every record counted.
"""

from __future__ import annotations

from benchmarks.records import Pair
from benchmarks.writer import FarEnd
from connectors.kinesis import KinesisRecord, KinesisSink

BATCH_RECORDS = 500


class OurWriter:
    """One partition of a `KinesisSink`; further ones would share its buffer and its client."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._sink = KinesisSink(
            far.stream, region="us-east-1", endpoint_url=far.url, max_in_flight=far.in_flight
        )
        self._part = self._sink.build_part("kinesis", "0000", None)

    def write(self, batch: list[Pair]) -> None:
        """Hand over one list of records, as a lane does."""
        self._part.write_batch([[KinesisRecord(body, key) for key, body in batch]])

    def flush(self) -> None:
        """End an epoch."""
        self._part.snapshot()

    def acknowledged(self) -> int:
        """Read the sink's own count."""
        return self._sink.stats.acknowledged

    def close(self) -> None:
        """Let go of the connections."""
        self._part.close()


def get_writer(far: FarEnd) -> OurWriter:
    """Connect to the far end."""
    return OurWriter(far)
