"""The Kinesis source for Bytewax: reads a stream through all its reshards, from where it was.

Promise: each record is given out at least once, in the order of its shard; what was given out
before a snapshot is not given out after a resume from it. What Kinesis trimmed before it was read
is logged. Read again, a record has the same `arrival` and `ordinal`.

Shards come and go, and Bytewax's partitions may not: so the partitions are 256 slots for ever, and
each shard belongs to one (`core.slots`). A process reads ahead for all its slots, with one client.
Left out: enhanced fan-out, and order between a shard and those it was split or merged into where
they are of different slots.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Literal

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from .arguments import require
from .core.positions import SlotState, UnreadableState, pack, unpack
from .core.read_stats import ReadStats
from .core.reading import BUFFER_BYTES, Reading
from .core.slots import SLOT_NAMES
from .core.source_record import KinesisSourceRecord
from .errors import KinesisStateUnreadable
from .fetch import Fetcher

IDLE_S = 1.0
"""How often a slot without a shard is asked: so long may the first records of a new one wait."""

BUSY_S = 0.02
"""How often a slot with shards is asked, if few have any: what came waits half of it on average,
where it has waited for a quarter of a second to be read."""

BUSY_S_A_SLOT = 0.002
"""As much longer for each slot of the process that has shards: to be asked takes 20 us, so asking
all of them takes a hundredth of a core."""

FIRST_S = 0.05
"""How often a slot is asked before the shards are known."""


def _steady_clock() -> Callable[[], float]:
    """Seconds since 1970 UTC, as of now and never put back."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


class KinesisSource(FixedPartitionedSource[list[KinesisSourceRecord], bytes]):
    """Reads one Kinesis stream; items are lists of records of one shard, in order.

    Can support at-least-once processing, and exactly-once where what follows can tell a record by
    its shard and ordinal. Unit of parallelism: the shards, dealt out to the workers by Bytewax in
    256 slots. Nothing is connected before the first partition is built.

        flow = Dataflow("read")
        lists = op.input("leads", flow, KinesisSource("leads", region="us-east-1"))
        records = op.flatten("records", lists)  # KinesisSourceRecord

    Args:
        stream: Name or ARN of an existing stream.
        region: AWS region; None takes the session's.
        endpoint_url: Another endpoint than AWS's own. Plain http only on this machine.
        session: A `boto3.Session`, or the name of a profile of AWS's shared configuration; None
            makes one from AWS's own chain of credentials.
        start: Where to begin what was never read: the oldest record there is, the present, or a
            time with a zone. Kept in the recovery store: a later one does not change it.
        out_of_range: What to do with a record in a KPL aggregate that is not of the shard it was
            read from, as after a reshard. Amazon's reader drops all of its aggregate.
        buffer_bytes: Data read ahead after which no more is asked for; calls under way then still
            bring up to 10 MiB each. Records of 400 bytes take twice their data in memory: a process
            at full speed, with 16 calls under way, had 360 MiB.
        max_in_flight: Most calls under way at a time.
        give_up_s: How long nothing may be read, or a shard, before the job stops with
            `KinesisUnreachable`, `KinesisPermissionDenied` or `KinesisRequestRefused`. An error
            that only a person can mend stops it at once while nothing was read yet.
        request_timeout_s: How long the network may be silent during a call.

    Raises:
        ValueError: A number is out of its range, or `start` is a time without a zone.
    """

    def __init__(
        self,
        stream: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        session: Any = None,
        start: Literal["trim_horizon", "latest"] | datetime = "trim_horizon",
        out_of_range: Literal["keep", "drop"] = "keep",
        buffer_bytes: int = BUFFER_BYTES,
        max_in_flight: int = 16,
        give_up_s: float = 900,
        request_timeout_s: float = 10,
        _clock: Callable[[], float] | None = None,
        _random: Callable[[], float] = random.random,
    ) -> None:
        if isinstance(start, datetime) and start.utcoffset() is None:
            raise ValueError(f"start is {start.isoformat()}, a time without a zone")
        require("buffer_bytes", buffer_bytes, 1, None)
        require("max_in_flight", max_in_flight, 1, None)
        require("give_up_s", give_up_s, 0, None)
        if request_timeout_s <= 0:
            raise ValueError(f"request_timeout_s is {request_timeout_s}, not more than 0")
        self._stream = stream
        self._region = region
        self._endpoint_url = endpoint_url
        self._session = session
        self._start = start.timestamp() if isinstance(start, datetime) else start
        self._out_of_range = out_of_range
        self._buffer_bytes = buffer_bytes
        self._max_in_flight = max_in_flight
        self._give_up_s = give_up_s
        self._request_timeout_s = request_timeout_s
        self._clock = _clock
        self._random = _random
        self._lock = threading.Lock()  # partitions are built and closed by all workers
        self._fetcher: Fetcher | None = None
        self._open_parts = 0
        self._last_stats = ReadStats()

    def stats(self) -> ReadStats:
        """Counts of this execution, or of the last one; asked from any thread, at any time."""
        fetcher = self._fetcher
        return self._last_stats if fetcher is None else fetcher.stats()

    def list_parts(self) -> list[str]:
        """All slots: "000" to "255"."""
        return list(SLOT_NAMES)

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[list[KinesisSourceRecord], bytes]:
        """Open a slot; the first one of an execution builds the client.

        Raises:
            KinesisConfigurationError: The client cannot be built.
            KinesisStateUnreadable: The state in the recovery store is not ours.
        """
        del step_id
        state = None if resume_state is None else _unpacked(resume_state)
        with self._lock:
            if self._fetcher is not None and self._fetcher.is_abandoned:
                self._let_go(self._fetcher)
            if self._fetcher is None:
                self._fetcher = self._connect()
            self._fetcher.own(int(for_part), state)
            self._open_parts += 1
            return _Slot(int(for_part), self._fetcher, self._part_closed)

    def _connect(self) -> Fetcher:
        from .read_client import ReadClient  # noqa: PLC0415 - boto3 takes 0.1 s to import

        client = ReadClient(
            self._stream,
            region=self._region,
            endpoint_url=self._endpoint_url,
            session=self._session,
            connections=self._max_in_flight,
            request_timeout_s=self._request_timeout_s,
        )
        reading = Reading(
            self._start,
            give_up_s=self._give_up_s,
            random=self._random,
            buffer_bytes=self._buffer_bytes,
        )
        return Fetcher(
            client,
            reading,
            out_of_range=self._out_of_range,
            max_in_flight=self._max_in_flight,
            clock=self._clock or _steady_clock(),
        )

    def _part_closed(self, fetcher: Fetcher) -> None:
        with self._lock:
            if fetcher is self._fetcher:
                self._open_parts -= 1
                if self._open_parts == 0:
                    self._let_go(fetcher)

    def _let_go(self, fetcher: Fetcher) -> None:
        """Forget what was read ahead: the next execution reads it again. The lock is held."""
        self._last_stats = fetcher.stats()
        fetcher.close()
        self._fetcher = None
        self._open_parts = 0


def _unpacked(saved: bytes) -> SlotState:
    try:
        return unpack(saved)
    except UnreadableState as error:
        raise KinesisStateUnreadable(str(error)) from error


class _Slot(StatefulSourcePartition[list[KinesisSourceRecord], bytes]):
    """A door to the fetcher that all slots of a process share."""

    def __init__(self, slot: int, fetcher: Fetcher, closed: Callable[[Fetcher], None]) -> None:
        self._slot = slot
        self._fetcher = fetcher
        self._closed = closed
        # Bytewax does not close the partitions of a dataflow that was aborted.
        self._dropped = weakref.finalize(self, fetcher.abandon)
        self._dropped.atexit = False

    def next_batch(self) -> list[list[KinesisSourceRecord]]:
        """Give out everything that was read; never waits for more."""
        return self._fetcher.take(self._slot)

    def next_awake(self) -> datetime:
        """Soon if the slot has shards, the later the more slots have."""
        busy = self._fetcher.busy
        if busy is None:
            period_s = FIRST_S
        elif self._slot in busy:
            period_s = max(BUSY_S, BUSY_S_A_SLOT * len(busy))
        else:
            period_s = IDLE_S
        # At whole periods, so that slots are asked together: Bytewax looks through all 256 each
        # time that one is due, which would cost more than being asked.
        due_s = (time.time() // period_s + 1) * period_s
        return datetime.fromtimestamp(due_s, timezone.utc)

    def snapshot(self) -> bytes:
        """How far the slot was given out."""
        return pack(self._fetcher.state(self._slot))

    def close(self) -> None:
        """Let go; never raises, may be called again."""
        if self._dropped.detach() is not None:
            self._closed(self._fetcher)
