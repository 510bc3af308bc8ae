"""The Kinesis sink for Bytewax: at least once, in order per partition key.

Promise: an epoch commits only when each of its records was acknowledged by Kinesis or is a dead
letter on the disk. Per partition key and execution, a record is first offered only after the
earlier one was acknowledged, as long as the partition key always comes under the same Bytewax key.
After a crash the records since the last commit are sent again, in order.

The price of order: one record of a key per round trip. All partitions of a process share one
buffer, one client and one request in flight. A full request goes at once, the rest when the epoch
ends, so a record waits at most as long as an epoch lasts.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from .core.delivery import DeliveryStats
from .core.record import KinesisRecord
from .core.retry import Patience
from .dead_letters import DeadLetters
from .dispatch import Dispatcher

_MAX_PARTITIONS = 10_000  # their names have four digits, so that sorting keeps their order


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
        give_up_s: How long nothing may be acknowledged before the job stops with
            `KinesisUnreachable`, `KinesisPermissionDenied` or `KinesisRequestRefused`. An error
            that only a person can mend stops it at once while nothing was acknowledged yet.
        dead_letters: Where records go that Kinesis can never accept; None makes them an error.

    Raises:
        ValueError: `partitions` or `give_up_s` is out of range.
    """

    def __init__(
        self,
        stream: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        session: Any = None,
        partitions: int = 60,
        part_fn: Callable[[str], int] | None = None,
        give_up_s: float = 900,
        dead_letters: DeadLetters | None = None,
        _clock: Callable[[], float] = time.monotonic,
        _sleep: Callable[[float], None] = time.sleep,
        _random: Callable[[], float] = random.random,
    ) -> None:
        if not 1 <= partitions <= _MAX_PARTITIONS:
            raise ValueError(f"partitions is {partitions}, not 1 to {_MAX_PARTITIONS}")
        if give_up_s < 0:
            raise ValueError(f"give_up_s is {give_up_s}, less than 0")
        self.stats = DeliveryStats()
        self._stream = stream
        self._region = region
        self._endpoint_url = endpoint_url
        self._session = session
        self._partitions = partitions
        self._part_fn = part_fn or super().part_fn
        self._give_up_s = give_up_s
        self._dead_letters = dead_letters
        self._clock = _clock
        self._sleep = _sleep
        self._random = _random
        self._lock = threading.Lock()  # partitions are built and closed by all workers
        self._dispatcher: Dispatcher | None = None
        self._open_parts = 0

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
        )
        return Dispatcher(
            client,
            self.stats,
            dead_letters=self._dead_letters,
            patience=Patience(self._give_up_s, self._random),
            clock=self._clock,
            sleep=self._sleep,
        )

    def _part_closed(self) -> None:
        """After the last one, forget what waits: the next execution brings it again, in order."""
        with self._lock:
            self._open_parts -= 1
            if self._open_parts == 0 and self._dispatcher is not None:
                self._dispatcher.close()
                self._dispatcher = None


class _KinesisSinkPartition(StatefulSinkPartition[list[KinesisRecord], None]):
    """A door to the dispatcher that all partitions of a process share."""

    def __init__(self, dispatcher: Dispatcher, closed: Callable[[], None]) -> None:
        self._dispatcher = dispatcher
        self._closed = closed
        self._is_open = True

    def write_batch(self, values: list[list[KinesisRecord]]) -> None:
        """Take records; blocks while full requests wait, which is how the sink pushes back."""
        self._dispatcher.write(values)

    def snapshot(self) -> None:
        """Flush: Bytewax commits the epoch only if this returns."""
        self._dispatcher.flush()

    def close(self) -> None:
        """Let go; never raises, may be called again. Does not flush: `snapshot` did."""
        if self._is_open:
            self._is_open = False
            self._closed()
