"""The reader in the Kinesis source of Quix Streams, without the Kafka that the source writes to.

It takes 1,000 records a call by itself; here as many as a call gives. Positions are kept in memory.
"""

from __future__ import annotations

from typing import Any

from quixstreams.sources.community.kinesis.consumer import KinesisConsumer

from benchmarks.writer import FarEnd


class Positions:
    """Keeps the last sequence number of each shard, as the source's state would."""

    def __init__(self) -> None:
        """Know of none."""
        self._numbers: dict[str, str] = {}

    def get(self, shard: str) -> str | None:
        """Where a shard goes on."""
        return self._numbers.get(shard)

    def set(self, shard: str, number: str) -> None:
        """Keep where a shard goes on."""
        self._numbers[shard] = number

    def commit(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's own face
        """Write nothing: there is no Kafka."""


class QuixReader:
    """Reads all shards in turn, one round a call."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._count = 0
        access = {"endpoint_url": far.url, "region_name": "us-east-1"}
        self._consumer = KinesisConsumer(
            far.stream,
            access,
            self._take,
            Positions(),
            auto_offset_reset="earliest",
            max_records_per_shard=10_000,
        )
        self._consumer.__enter__()

    def _take(self, _record: dict[str, Any]) -> None:
        self._count += 1

    def read(self) -> int:
        """Read from each shard once."""
        before = self._count
        self._consumer.process_shards()
        self._consumer.commit()
        return self._count - before

    def close(self) -> None:
        """Close the connections."""
        self._consumer.__exit__(None, None, None)


def get_reader(far: FarEnd) -> QuixReader:
    """Connect to the far end."""
    return QuixReader(far)
