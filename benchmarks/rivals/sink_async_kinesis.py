"""The producer of async-kinesis, its rate limits raised out of the way."""

from __future__ import annotations

from kinesis import Producer
from kinesis.processors import StringProcessor

from benchmarks.records import Pair
from benchmarks.rivals.event_loop import EventLoop
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500
_NO_LIMIT = 1 << 40


class AsyncKinesisWriter:
    """One producer; records are not aggregated, so that each keeps its partition key."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._far = far
        self._handed = 0
        self._loop = EventLoop()
        self._producer: Producer = self._loop.run(self._connect())

    async def _connect(self) -> Producer:
        producer = Producer(
            self._far.stream,
            endpoint_url=self._far.url,
            region_name="us-east-1",
            put_rate_limit_per_shard=_NO_LIMIT,
            put_bandwidth_limit_per_shard=_NO_LIMIT,
            processor=StringProcessor(),
        )
        return await producer.__aenter__()

    def write(self, batch: list[Pair]) -> None:
        """Put the records one by one; its serialiser wants text."""
        self._handed += len(batch)
        self._loop.run(self._put(batch))

    async def _put(self, batch: list[Pair]) -> None:
        for key, body in batch:
            await self._producer.put(body.decode(), partition_key=key)

    def flush(self) -> None:
        """Wait for its own flush."""
        self._loop.run(self._producer.flush())

    def acknowledged(self) -> int:
        """A flush that raises nothing is its word for delivered."""
        return self._handed

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._producer.close())


def get_writer(far: FarEnd) -> AsyncKinesisWriter:
    """Connect to the far end."""
    return AsyncKinesisWriter(far)
