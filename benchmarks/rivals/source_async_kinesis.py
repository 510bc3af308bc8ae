"""The consumer of async-kinesis, its limit of one call a second for each shard raised.

It is read where it runs, in one event loop, as its documentation shows; it gives a record's text.
"""

from __future__ import annotations

import asyncio

from kinesis import Consumer
from kinesis.processors import StringProcessor

from benchmarks.writer import FarEnd

RECORDS = 1_000
"""Records read at a time, so that the loop is entered seldom."""


class AsyncKinesisReader:
    """One consumer of all shards."""

    def __init__(self, far: FarEnd) -> None:
        """Make it; it connects with the first record."""
        self._loop = asyncio.new_event_loop()
        self._consumer = self._loop.run_until_complete(self._connect(far))

    async def _connect(self, far: FarEnd) -> Consumer:
        consumer = Consumer(
            far.stream,
            endpoint_url=far.url,
            region_name="us-east-1",
            processor=StringProcessor(),
            shard_fetch_rate=1_000,
            use_list_shards=True,
        )
        return await consumer.__aenter__()

    def read(self) -> int:
        """Take some records."""
        return self._loop.run_until_complete(self._take())

    async def _take(self) -> int:
        count = 0
        async for _record in self._consumer:
            count += 1
            if count == RECORDS:
                break
        return count

    def close(self) -> None:
        """End with the process: its own way out waits for all that it has read ahead."""


def get_reader(far: FarEnd) -> AsyncKinesisReader:
    """Connect to the far end."""
    return AsyncKinesisReader(far)
