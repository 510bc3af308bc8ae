"""One shard as it is read: which call comes next, when, and what an answer adds.

Promise: records come in order, each once; a place that was saved, or whose iterator grew old, is
read from the last record given out *inclusive*, which is dropped when it comes. If another one
comes instead, what stood between may have been trimmed, and that is told. Trimming cannot be missed
while reading either: where what comes next may be near its end, each call has a fresh iterator.

Sources, read in November 2026: GetRecords and GetShardIterator, API_GetRecords.html and
API_GetShardIterator.html of https://docs.aws.amazon.com/kinesis/latest/APIReference/ ; Quotas,
https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html .
"""

from __future__ import annotations

import math

from .positions import ShardState
from .read_calls import GetRecords, GetShardIterator, ReadAnswer, Trimmed
from .retry import Backoff, Kind, Patience
from .shards import Shard
from .source_record import KinesisSourceRecord

CALL_S = 0.2
"""From call to call: a shard takes 5 GetRecords a second (Quotas)."""

IDLE_S = 0.5
"""From call to call at the tip. The 5 calls a second are for all who read the shard: this takes 2
and leaves 3, as AWS Lambda and Firehose make 1 each; what is written waits a quarter of a second
for it on average."""

BYTES_PER_S = 2_000_000
"""What a shard gives: 2 MB/s. After an answer of 10 MiB, calls are throttled for 5 seconds
(GetRecords)."""

ITERATOR_S = 270.0
"""Age up to which an iterator is used: it expires after 5 minutes (GetShardIterator)."""

RETAINED_S = 23 * 3600.0
"""What is younger was surely not trimmed: streams keep records for 24 hours or more (Quotas); an
hour less, as the clock here need not be that of Kinesis."""


class ShardReading:
    """The reading of one shard.

    Attributes:
        shard: Which one.
        state: How far it was given out.
        waits_for: Names of the parents in its slot that must be given out first.
        is_busy: Whether a call is under way.
        held: Records read and not given out; empty for none.
        held_bytes: Size of the answer that brought them.
        due_at: When the next call may be made.
        reached_tip: Whether all there was at some time since the start was read.
        is_forgotten: Whether it is not to be read any more.

    Args:
        shard: Which one.
        state: Where to go on.
    """

    __slots__ = (
        "_after",
        "_called_at",
        "_is_unsure",
        "_iterator",
        "_iterator_at",
        "_patience",
        "_read_to",
        "due_at",
        "held",
        "held_bytes",
        "is_busy",
        "is_forgotten",
        "reached_tip",
        "shard",
        "state",
        "waits_for",
    )

    def __init__(self, shard: Shard, state: ShardState) -> None:
        """Start without an iterator."""
        self.shard = shard
        self.state = state
        self.waits_for: set[str] = set()
        self.is_busy = False
        self.held: list[KinesisSourceRecord] = []
        self.held_bytes = 0
        self.due_at = -math.inf
        self.reached_tip = state.closed
        self.is_forgotten = False
        self._after = state
        self._called_at = -math.inf
        self._iterator: str | None = None
        self._iterator_at = -math.inf
        self._is_unsure = True
        self._patience: Patience | None = None
        self._read_to = state.seen

    def call(self, start: float | None, now: float) -> GetShardIterator | GetRecords:
        """Give the next call, which is under way from now on.

        Args:
            start: Where to begin if nothing was given out yet; None for the oldest record.
            now: The present.
        """
        self.is_busy = True
        self._called_at = now
        if self._iterator is not None and now - self._iterator_at <= ITERATOR_S:
            return GetRecords(self.shard, self._iterator)
        if (after := self.state.sequence_number) is not None:
            return GetShardIterator(self.shard, "AT_SEQUENCE_NUMBER", sequence_number=after)
        if start is None:
            return GetShardIterator(self.shard, "TRIM_HORIZON")
        return GetShardIterator(self.shard, "AT_TIMESTAMP", timestamp=start)

    def got_iterator(self, iterator: str, now: float) -> None:
        """Take the answer of GetShardIterator."""
        self.is_busy = False
        self.due_at = max(self.due_at, now)
        self._iterator, self._iterator_at = iterator, self._called_at
        self._is_unsure = True

    def got_records(self, answer: ReadAnswer, now: float) -> list[Trimmed]:
        """Take the answer of GetRecords; tells if records may be missing before it."""
        self.is_busy = False
        self._patience = None
        is_tip = answer.next_iterator is None or answer.behind_ms == 0
        records, gaps, seen = answer.records, [], self.state.seen
        if self._is_unsure and (records or is_tip):
            self._is_unsure = False
            known = _count(records, self.state.sequence_number)
            if not known and _is_old(seen, now):
                gaps = [Trimmed(self.shard.id, self.state.sequence_number, seen, gone=False)]
            records = records[known:]
        self._read_to = self._called_at - answer.behind_ms / 1000
        if not self._is_unsure:
            seen = self._read_to if seen is None else max(seen, self._read_to)
        self._hold(records, answer.size, seen, is_end=answer.next_iterator is None)
        self._iterator, self._iterator_at = answer.next_iterator, self._called_at
        if records and _is_old(seen, now):
            self._iterator = None  # a fresh one, inclusive, tells whether the next was trimmed
        self.reached_tip |= is_tip
        pause_s = IDLE_S if is_tip else CALL_S
        self.due_at = self._called_at + max(pause_s, answer.size / BYTES_PER_S)
        return gaps

    def _hold(
        self, records: list[KinesisSourceRecord], size: int, seen: float | None, *, is_end: bool
    ) -> None:
        """Keep new records until they are taken; without any there is nothing to wait for."""
        ordinal = self.state.ordinal
        if not records:
            self.state = ShardState(self.state.sequence_number, ordinal, seen, is_end)
            return
        name = self.shard.id
        for place, record in enumerate(records, ordinal):
            record.shard_id = name
            record.ordinal = place
        after = records[-1].sequence_number
        self._after = ShardState(after, ordinal + len(records), seen, is_end)
        self.held, self.held_bytes = records, size

    def take(self) -> list[KinesisSourceRecord]:
        """Give out what is held."""
        records, self.held, self.held_bytes = self.held, [], 0
        self.state = self._after
        return records

    def failed(self, kind: Kind, give_up_s: float, backoff: Backoff, now: float) -> bool:
        """Take note that the call failed; says whether the time for trying again is over."""
        self.is_busy = False
        if kind.needs_person:
            self._iterator = None  # it may be what is refused
        if self._patience is None:
            self._patience = Patience(give_up_s, backoff)
        self._patience.request_failed(self._called_at, now)
        self.due_at = max(self._called_at + CALL_S, self._patience.paused_until)
        return now >= self._patience.over_at

    def lag_ms(self, now: float) -> int | None:
        """Age of what comes next, growing while nothing is read; None if it is not known."""
        if self._read_to is None or self.state.closed:
            return None
        return max(0, round((now - self._read_to) * 1000))


def _is_old(seen: float | None, now: float) -> bool:
    """Whether something that arrived after this time can have been trimmed."""
    return seen is not None and seen <= now - RETAINED_S


def _count(records: list[KinesisSourceRecord], sequence_number: str | None) -> int:
    """How many of the first records have this number: several, if they came in an aggregate."""
    count = 0
    for record in records:
        if record.sequence_number != sequence_number:
            break
        count += 1
    return count
