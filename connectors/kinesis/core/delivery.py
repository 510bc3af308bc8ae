"""What waits, what the next request holds, and what an answer means.

Promise: of each partition key at most one record is in a request, the oldest; a later one is first
offered only after the earlier one was acknowledged. A record leaves only by being acknowledged.
Every operation costs the same however many records of a key wait.

One request at a time: `request` shows it, `answered` settles it, and a request that is never
answered changes nothing. Left out: sending, waiting, dead letters, and more requests in flight.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

import msgspec

from . import limits
from .record import KinesisRecord, record_bytes

THROTTLED = "ProvisionedThroughputExceededException"
"""The ErrorCode of an entry whose shard is over its limit (API_PutRecordsResultEntry)."""


class DeliveryStats(msgspec.Struct):
    """Counts since the sink was made, each a number of records unless it says otherwise.

    Attributes:
        offered: Handed to the sink.
        acknowledged: Kinesis returned a sequence number.
        dead_lettered: Can never be accepted; kept as a dead letter.
        superseded: Replaced by a newer one of its key before it was sent. Always 0 here.
        requests: PutRecords calls made, whatever came of them.
        retried: Had to be offered again; a record counts as often as that happened.
        throttled: Entries answered with a throttle.
    """

    offered: int = 0
    acknowledged: int = 0
    dead_lettered: int = 0
    superseded: int = 0
    requests: int = 0
    retried: int = 0
    throttled: int = 0

    @property
    def unsettled(self) -> int:
        """Records offered whose fate is open: 0 whenever everything was flushed."""
        return self.offered - self.acknowledged - self.dead_lettered - self.superseded


class Delivery:
    """The waiting records of one process, in order of arrival per partition key."""

    def __init__(self, stats: DeliveryStats) -> None:
        """Start empty; `stats` is counted up."""
        self._stats = stats
        self._waiting: dict[str, deque[KinesisRecord]] = {}
        self._turns: deque[str] = deque()  # every key that waits, once, next one first
        self._waiting_bytes = 0

    def add(self, record: KinesisRecord) -> None:
        """Let an acceptable record (one without a `refusal`) wait behind those of its key."""
        waiting = self._waiting.get(record.partition_key)
        if waiting is None:
            self._waiting[record.partition_key] = deque((record,))
            self._turns.append(record.partition_key)
        else:
            waiting.append(record)
        self._waiting_bytes += record_bytes(record)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._turns

    @property
    def is_due(self) -> bool:
        """Whether a full request waits, or as many bytes as one may hold (this bounds memory)."""
        return (
            len(self._turns) >= limits.RECORDS_PER_REQUEST
            or self._waiting_bytes >= limits.REQUEST_BYTES
        )

    def request(self) -> list[KinesisRecord]:
        """The records of the next request; not empty while anything waits."""
        records: list[KinesisRecord] = []
        size = 0
        for key in islice(self._turns, limits.RECORDS_PER_REQUEST):
            record = self._waiting[key][0]
            size += record_bytes(record)
            if size > limits.REQUEST_BYTES:
                break
            records.append(record)
        return records

    def answered(self, outcomes: Sequence[str | None]) -> int:
        """Settle the last `request`; returns how many of its records were acknowledged.

        A record that failed stays the first of its key, and its key goes behind the others, so
        that one slow shard does not hold up the rest.

        Args:
            outcomes: One per record of that request, in its order: None for acknowledged, else
                the ErrorCode.
        """
        acknowledged = 0
        for outcome in outcomes:
            key = self._turns.popleft()
            if outcome is None:
                acknowledged += 1
                waiting = self._waiting[key]
                self._waiting_bytes -= record_bytes(waiting.popleft())
                if not waiting:
                    del self._waiting[key]
                    continue
            elif outcome == THROTTLED:
                self._stats.throttled += 1
            self._turns.append(key)
        self._stats.acknowledged += acknowledged
        self._stats.retried += len(outcomes) - acknowledged
        return acknowledged
