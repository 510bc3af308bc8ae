"""The producer of aiokpl, the Kinesis Producer Library in Python, its rate limits raised.

Aggregation is off, so that a record here is a record in the stream, as with all the others.
"""

from __future__ import annotations

from aiokpl.config import Config
from aiokpl.outcome import Outcome
from aiokpl.producer import Producer
from aiokpl.result import RecordResult

from benchmarks.records import Pair
from benchmarks.rivals.event_loop import EventLoop
from benchmarks.writer import FarEnd

BATCH_RECORDS = 500
_NO_LIMIT = float(1 << 40)


class AiokplWriter:
    """One producer; every record's outcome is awaited."""

    def __init__(self, far: FarEnd) -> None:
        """Connect."""
        self._stream = far.stream
        self._producer = Producer(
            Config(
                region="us-east-1",
                endpoint_url=far.url,
                aggregation_enabled=False,
                rate_limit_records_per_sec_per_shard=_NO_LIMIT,
                rate_limit_bytes_per_sec_per_shard=_NO_LIMIT,
            )
        )
        self._open: list[Outcome[RecordResult]] = []
        self._acknowledged = 0
        self._loop = EventLoop()
        self._loop.run(self._producer.__aenter__())

    def write(self, batch: list[Pair]) -> None:
        """Put the records one by one."""
        self._loop.run(self._put(batch))

    async def _put(self, batch: list[Pair]) -> None:
        for key, body in batch:
            self._open.append(
                await self._producer.put_record(stream=self._stream, partition_key=key, data=body)
            )

    def flush(self) -> None:
        """Flush, then wait for every outcome, as its documentation says one has to."""
        self._loop.run(self._settle())

    async def _settle(self) -> None:
        await self._producer.flush()
        for outcome in self._open:
            self._acknowledged += (await outcome.wait()).success
        self._open.clear()

    def acknowledged(self) -> int:
        """Count the outcomes that are a success."""
        return self._acknowledged

    def close(self) -> None:
        """Nothing waits any more; its task group could only be left by the task that entered it."""


def get_writer(far: FarEnd) -> AiokplWriter:
    """Connect to the far end."""
    return AiokplWriter(far)
