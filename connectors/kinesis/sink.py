"""The Kinesis sink for Bytewax: at least once, in order per partition key.

Promise: an epoch commits only when each of its records was acknowledged by Kinesis or is a dead
letter on the disk. Per partition key and execution, a record is first offered only after the
earlier one was acknowledged, as long as the partition key always comes under the same Bytewax key.
After a crash the records since the last commit are sent again, in order.

The price of order: one record of a key per round trip; all others go on meanwhile, in as many
requests as are allowed. All partitions of a process share one buffer and one client. A record goes
with a full request or after the linger time, without waiting for the epoch to end.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from .arguments import require
from .core import limits
from .core.actions import DeliverySettings
from .core.record import KinesisRecord
from .core.stats import DeliveryStats, Levels
from .dead_letters import DeadLetterKeeper
from .dispatch import Dispatcher

BUFFERED_REQUESTS = 2
"""Full requests buffered for each one that may be in flight: while one is under way the next is
put together. More would only add memory, and to what a stalled shard can fill before all wait."""

BUFFER_BYTES = 64 * 1_048_576
"""Most data to answer for at a time. A request's body is a third longer than its data, so a process
holds up to 150 MiB for the sink if all records are large; at 400 bytes a record it is 6 MiB."""

_MAX_PARTITIONS = 10_000  # their names have four digits, so that sorting keeps their order


def _now_us() -> int:
    return time.time_ns() // 1_000


class KinesisSink(FixedPartitionedSink[list[KinesisRecord], None]):
    """Writes lists of records to one Kinesis stream; items are `(key, list[KinesisRecord])`.

    Can support at-least-once processing. Unit of parallelism: the partitions, dealt out to the
    workers by Bytewax. Nothing is connected before the first partition is built.

    Args:
        stream: Name or ARN of an existing stream.
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration; None
            makes one from AWS's own chain of credentials.
        partitions: Number of sink partitions, 1 to 10,000. Part of the recovery store: it may
            grow from one execution to the next, never shrink.
        part_fn: Chooses the partition of a Bytewax key (modulo `partitions`); the same answer in
            every process. None takes Bytewax's own.
        max_in_flight: Most requests under way at a time.
        linger_ms: How long a record may wait for others to share a request.
        give_up_s: How long nothing may be acknowledged before the job stops with
            `KinesisUnreachable`, `KinesisPermissionDenied` or `KinesisRequestRefused`. An error
            that only a person can mend stops it at once while nothing was acknowledged yet. A
            request without an answer counts as failing once `request_timeout_s` is over.
        request_timeout_s: How long an answer may take before its outcome counts as unknown. A
            healthy one takes milliseconds; botocore would wait 60 s.
        max_record_bytes: Largest record that the stream takes; see UpdateMaxRecordSize.
        dead_letters: Where records go that Kinesis can never accept; None makes them an error.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(  # noqa: PLR0913 - one for each thing a user may want to set, all by name
        self,
        stream: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        session: Any = None,
        partitions: int = 60,
        part_fn: Callable[[str], int] | None = None,
        max_in_flight: int = 16,
        linger_ms: float = 100,
        give_up_s: float = 900,
        request_timeout_s: float = 10,
        max_record_bytes: int = limits.RECORD_BYTES,
        dead_letters: DeadLetterKeeper | None = None,
        _clock: Callable[[], float] = time.monotonic,
        _wall_clock_us: Callable[[], int] = _now_us,
        _random: Callable[[], float] = random.random,
    ) -> None:
        require("partitions", partitions, 1, _MAX_PARTITIONS)
        require("max_in_flight", max_in_flight, 1, None)
        require("linger_ms", linger_ms, 0, None)
        require("give_up_s", give_up_s, 0, None)
        require("max_record_bytes", max_record_bytes, 1, limits.RECORD_BYTES_MAX)
        if request_timeout_s <= 0:
            raise ValueError(f"request_timeout_s is {request_timeout_s}, not more than 0")
        self.stats = DeliveryStats()
        self._stream = stream
        self._region = region
        self._endpoint_url = endpoint_url
        self._session = session
        self._partitions = partitions
        self._part_fn = part_fn or super().part_fn
        self._request_timeout_s = request_timeout_s
        self._settings = DeliverySettings(
            max_in_flight=max_in_flight,
            linger_s=linger_ms / 1000,
            give_up_s=give_up_s,
            max_record_bytes=max_record_bytes,
            buffer_records=max_in_flight * BUFFERED_REQUESTS * limits.RECORDS_PER_REQUEST,
            buffer_bytes=BUFFER_BYTES,
        )
        self._dead_letters = dead_letters
        self._clock = _clock
        self._wall_clock_us = _wall_clock_us
        self._random = _random
        self._lock = threading.Lock()  # partitions are built and closed by all workers
        self._dispatcher: Dispatcher | None = None
        self._open_parts = 0

    def levels(self) -> Levels:
        """Say what there is to answer for at this moment; asked from any thread, at any time."""
        dispatcher = self._dispatcher
        return Levels() if dispatcher is None else dispatcher.levels()

    def list_parts(self) -> list[str]:
        """All partitions: "0000", "0001" and so on."""
        return [f"{part:04d}" for part in range(self._partitions)]

    def part_fn(self, item_key: str) -> int:
        """Partition of a key, before Bytewax takes it modulo the number of partitions."""
        return self._part_fn(item_key)

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[list[KinesisRecord], None]:
        """Open a partition; the first one of an execution builds the client.

        Raises:
            KinesisConfigurationError: The client cannot be built.
        """
        del step_id, for_part, resume_state  # all partitions are alike and keep no state
        with self._lock:
            if self._dispatcher is not None and self._dispatcher.is_abandoned:
                self._let_go(self._dispatcher)
            if self._dispatcher is None:
                self._dispatcher = self._dispatch()
            self._open_parts += 1
            return _KinesisSinkPartition(self._dispatcher, self._part_closed)

    def _dispatch(self) -> Dispatcher:
        from .client import KinesisClient  # noqa: PLC0415 - boto3 takes 0.1 s to import

        client = KinesisClient(
            self._stream,
            region=self._region,
            endpoint_url=self._endpoint_url,
            session=self._session,
            connections=self._settings.max_in_flight + 1,
            request_timeout_s=self._request_timeout_s,
        )
        return Dispatcher(
            client,
            self.stats,
            self._settings,
            dead_letters=self._dead_letters,
            clock=self._clock,
            wall_clock_us=self._wall_clock_us,
            random=self._random,
        )

    def _part_closed(self, dispatcher: Dispatcher) -> None:
        with self._lock:
            if dispatcher is self._dispatcher:
                self._open_parts -= 1
                if self._open_parts == 0:
                    self._let_go(dispatcher)

    def _let_go(self, dispatcher: Dispatcher) -> None:
        """Forget what waits: the next execution brings it again, in order. The lock is held."""
        dispatcher.close()
        self._dispatcher = None
        self._open_parts = 0


class _KinesisSinkPartition(StatefulSinkPartition[list[KinesisRecord], None]):
    """A door to the dispatcher that all partitions of a process share."""

    def __init__(self, dispatcher: Dispatcher, closed: Callable[[Dispatcher], None]) -> None:
        self._dispatcher = dispatcher
        self._closed = closed
        # Bytewax does not close the partitions of a dataflow that was aborted. What they left
        # waiting must not be sent between the records of the next execution.
        self._dropped = weakref.finalize(self, dispatcher.abandon)
        self._dropped.atexit = False

    def write_batch(self, values: list[list[KinesisRecord]]) -> None:
        """Take records; blocks while the buffer is full, which is how the sink pushes back."""
        self._dispatcher.write(values)

    def snapshot(self) -> None:
        """Flush: Bytewax commits the epoch only if this returns."""
        self._dispatcher.flush()

    def close(self) -> None:
        """Let go; never raises, may be called again. Does not flush: `snapshot` did."""
        if self._dropped.detach() is not None:
            self._closed(self._dispatcher)
